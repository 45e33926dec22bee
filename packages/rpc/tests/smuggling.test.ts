import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTestServer } from './test-server.ts';

const hidden = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
const post = 'POST /nothing HTTP/1.1\r\nhost: x\r\n';

/** Everything that the server says to some bytes until it closes the connection. */
async function answersTo(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

test('a request behind another one is answered, when nothing is wrong with the first', async () => {
  await using server = await startTestServer({});
  const last = hidden.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n');
  const answers = await answersTo(server.port, `${hidden}${last}`);
  expect(answers.split('HTTP/1.1 200 OK')).toHaveLength(3);
});

test.each([
  ['a length and chunks', `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  [
    'chunks and a length',
    `${post}transfer-encoding: chunked\r\ncontent-length: ${5 + hidden.length}\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  ['two lengths', `${post}content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`],
  ['a list of lengths', `${post}content-length: 0, ${hidden.length}\r\n\r\n${hidden}`],
  ['a signed length', `${post}content-length: +0\r\n\r\n${hidden}`],
  ['chunks that are not the last coding', `${post}transfer-encoding: chunked, identity\r\n\r\n${hidden}`],
  [
    'a coding in a folded line',
    `${post}transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  ['a blank before the colon', `${post}content-length : 0\r\n\r\n${hidden}`],
  ['a bare line feed after a header', `${post}x-one: 1\ncontent-length: 0\r\n\r\n${hidden}`],
  ['a bare carriage return within a header', `${post}x-one: 1\rcontent-length: 0\r\n\r\n${hidden}`],
  ['a chunk size that is no number', `${post}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n${hidden}`],
  ['a bare line feed after a chunk size', `${post}transfer-encoding: chunked\r\n\r\n0\n\r\n${hidden}`],
  ['a zero byte in a header', `${post}x-one: \0\r\n\r\n${hidden}`],
])('what hides behind %s is never answered', async (_, bytes) => {
  await using server = await startTestServer({});
  expect(await answersTo(server.port, bytes)).not.toContain('200 OK');
});
