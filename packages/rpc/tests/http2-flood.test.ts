import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTestServer } from './test-server.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const kinds = { headers: 1, reset: 3, settings: 4, continuation: 9 } as const;

function frame(kind: keyof typeof kinds, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kinds[kind];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `:method GET, :scheme http, :path /` as HPACK's static table has them, and an authority. */
const get = Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x78]);

/** A connection that has said hello, and the moment the server has had enough of it. */
async function rawHttp2(port: number): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  socket.write(Buffer.concat([Buffer.from(preface), frame('settings', 0, 0, Buffer.alloc(0))]));
  return { socket, closed };
}

async function isAlive(url: string): Promise<boolean> {
  return (await fetch(`${url}/healthz`)).ok;
}

test('streams that are reset as soon as they are made end their connection, and nobody else is hurt', async () => {
  await using server = await startTestServer({});
  const { socket, closed } = await rawHttp2(server.port);
  const cancel = Buffer.from([0, 0, 0, 8]);
  const pairs = Array.from({ length: 20_000 }, (_, at) =>
    Buffer.concat([frame('headers', 0x5, 1 + 2 * at, get), frame('reset', 0, 1 + 2 * at, cancel)]),
  );
  socket.write(Buffer.concat(pairs));
  await closed;
  expect(await isAlive(server.url)).toBe(true);
});

test('headers that go on without end end their connection, and nobody else is hurt', async () => {
  await using server = await startTestServer({});
  const { socket, closed } = await rawHttp2(server.port);
  // A literal field of a name of one letter and an empty value, again and again.
  const more = Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from([0x00, 0x01, 0x61, 0x00])));
  socket.write(frame('headers', 0x1, 1, get));
  for (let sent = 0; sent < 200; sent += 1) socket.write(frame('continuation', 0, 1, more));
  await closed;
  expect(await isAlive(server.url)).toBe(true);
});
