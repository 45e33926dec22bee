import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { eventually } from '@cnap/testing';
import { expect, test } from 'vitest';
import { openLink } from './link.ts';

async function anEcho(): Promise<AsyncDisposable & { port: number }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      open.forEach((socket) => socket.destroy());
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function talk(port: number) {
  const socket = connect({ port, host: '127.0.0.1' });
  const state = { heard: '', closed: false };
  socket.on('data', (chunk: Buffer) => (state.heard += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (state.closed = true));
  await once(socket, 'connect');
  return { socket, state };
}

test('passes on both ways, and what was held back arrives in order', async () => {
  await using echo = await anEcho();
  await using link = await openLink(echo.port);
  const { socket, state } = await talk(link.port);
  socket.write('one ');
  await eventually(() => expect(state.heard).toBe('one '));
  link.fail('stall');
  socket.write('two ');
  const other = await talk(echo.port); // a whole way there and back: the first would have come, too
  other.socket.write('x');
  await eventually(() => expect(other.state.heard).toBe('x'));
  expect(state.heard).toBe('one ');
  link.heal();
  socket.write('three');
  await eventually(() => expect(state.heard).toBe('one two three'));
  link.fail('stall');
  socket.write(' four');
  link.fail('slow'); // while it stalls
  await eventually(() => expect(state.heard).toBe('one two three four'));
  socket.destroy();
  other.socket.destroy();
});

test('refuses: what is open is cut, what comes is cut, and afterwards it works again', async () => {
  await using echo = await anEcho();
  await using link = await openLink(echo.port);
  const { state } = await talk(link.port);
  link.fail('refuse');
  await eventually(() => expect(state.closed).toBe(true));
  const refused = connect({ port: link.port, host: '127.0.0.1' });
  refused.on('error', () => undefined);
  await new Promise((closed) => refused.once('close', closed));
  link.heal();
  const after = await talk(link.port);
  after.socket.write('again');
  await eventually(() => expect(after.state.heard).toBe('again'));
});

test('reset: nothing passes, and at the end it is cut', async () => {
  await using echo = await anEcho();
  await using link = await openLink(echo.port);
  const { socket, state } = await talk(link.port);
  link.fail('reset');
  socket.write('lost');
  link.heal();
  await eventually(() => expect(state.closed).toBe(true));
  expect(state.heard).toBe('');
});
