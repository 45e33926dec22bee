// Commands in containers, as API servers speak of them; with real ones they are tried in the installer's tests.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { connect, type Cluster, type Exec, type ExecEvent, type KubernetesError } from '../src/index.ts';

const server = createServer();
/** What the API server does with the next connection: refuse it with a Status, or speak. */
let refusal: { code: number; message: string } | undefined;
let arrived = Promise.withResolvers<{ socket: WebSocket; request: IncomingMessage }>();
let cluster: Cluster;
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => offered.values().next().value ?? false,
});
server.on('upgrade', (request, socket, head) => {
  if (refusal) {
    const body = JSON.stringify({ kind: 'Status', ...refusal });
    socket.end(
      `HTTP/1.1 ${refusal.code} No\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
    return;
  }
  sockets.handleUpgrade(request, socket, head, (opened) => arrived.resolve({ socket: opened, request }));
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  cluster = connect({ context: 'one', server: `http://127.0.0.1:${port}/base`, token: 'secret' });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  for (const socket of sockets.clients) socket.terminate();
  server.close();
});

const wish = { namespace: 'a', pod: 'web-0', container: 'web', command: ['sh', '-c', 'ls & x'] };
async function open(terminal = false, signal = new AbortController().signal) {
  arrived = Promise.withResolvers();
  const exec = await cluster.exec({ ...wish, terminal, signal });
  return { exec, ...(await arrived.promise) };
}
async function eventsOf(exec: Exec): Promise<ExecEvent[]> {
  const events: ExecEvent[] = [];
  for await (const event of exec.events) events.push(event);
  return events;
}
const message = (channel: number, text: string) => Buffer.concat([Uint8Array.of(channel), Buffer.from(text)]);
const status = (fields: object) => message(3, JSON.stringify(fields));

test('the command, the container and the credentials arrive', async () => {
  const { exec, request, socket } = await open(true);
  const url = new URL(request.url ?? '', 'http://x');
  expect(url.pathname).toBe('/base/api/v1/namespaces/a/pods/web-0/exec');
  expect(url.searchParams.getAll('command')).toEqual(wish.command);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    container: 'web',
    tty: 'true',
    stdin: 'true',
  });
  expect(url.searchParams.has('stderr')).toBe(false);
  expect(request.headers.authorization).toBe('Bearer secret');
  expect(socket.protocol).toBe('v5.channel.k8s.io');
  exec[Symbol.dispose]();
});

test('what is typed, sizes and the end of input go to their channels', async () => {
  const { exec, socket } = await open();
  const received: string[] = [];
  socket.on('message', (data: Buffer) => received.push(`${data[0]} ${data.subarray(1).toString()}`));
  await exec.write(Buffer.from('ls\n'));
  await exec.resize({ columns: 100, rows: 30 });
  await exec.end();
  socket.send(status({ status: 'Success' }), () => socket.close());
  expect(await eventsOf(exec)).toEqual([{ kind: 'exit', code: 0, message: '' }]);
  expect(received).toEqual(['0 ls\n', '4 {"Width":100,"Height":30}', '255 \0']);
});

test('output that comes after the status is not lost', async () => {
  const { exec, socket } = await open();
  socket.send(message(1, 'one'));
  socket.send(
    status({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    }),
  );
  socket.send(message(2, 'two'), () => socket.close());
  expect(await eventsOf(exec)).toEqual([
    { kind: 'output', data: Buffer.from('one') },
    { kind: 'errors', data: Buffer.from('two') },
    { kind: 'exit', code: 3, message: '' },
  ]);
});

test.each([
  [
    'a failure in words',
    { status: 'Failure', reason: 'InternalError', message: 'no such file' },
    'no such file',
  ],
  ['no status at all', 'x', 'the cluster did not say how the command ended'],
])('%s is told as such', async (_, said, words) => {
  const { exec, socket } = await open();
  socket.send(typeof said === 'string' ? message(3, said) : status(said), () => socket.close());
  expect(await eventsOf(exec)).toEqual([{ kind: 'exit', code: -1, message: words }]);
});

test('a connection that breaks is no exit', async () => {
  const { exec, socket } = await open();
  socket.terminate();
  await expect(eventsOf(exec)).rejects.toMatchObject({ code: 0, reason: 'Unreachable' });
});

test('the caller’s signal ends it', async () => {
  const leave = new AbortController();
  const { exec, socket } = await open(false, leave.signal);
  const closed = once(socket, 'close');
  leave.abort(new Error('enough'));
  await expect(eventsOf(exec)).rejects.toThrow('enough');
  await closed;
});

test('a refusal is the API server’s own', async () => {
  refusal = { code: 400, message: 'container web is not valid for pod web-0' };
  const { signal } = new AbortController();
  const refused = cluster.exec({ ...wish, terminal: false, signal });
  await expect(refused).rejects.toMatchObject({
    code: 400,
    message: refusal.message,
  } satisfies Partial<KubernetesError>);
  refusal = undefined;
});

test('who does not read holds up the container, not our memory', async () => {
  const { exec, socket } = await open();
  const block = Buffer.alloc(256 * 1024, 1);
  let sent = 0;
  const pump = (): void => {
    while (socket.bufferedAmount < 8 * block.length && sent < 400) {
      socket.send(block);
      sent += 1;
    }
  };
  pump();
  const pumping = setInterval(pump, 1);
  const iterator = exec.events[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  // It fills what the network holds, and then stops.
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(sent).toBeLessThan(400);
  let read = 1;
  while (read < 400 && (await iterator.next()).done !== true) read += 1;
  expect(read).toBe(400);
  clearInterval(pumping);
  exec[Symbol.dispose]();
});
