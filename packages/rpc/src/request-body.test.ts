import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { openPort } from './port.ts';
import { endUnreadBody } from './request-body.ts';

test('a connection that stays has no listeners of requests that were answered early', async () => {
  const sockets = new Set<Socket>();
  const port = await openPort({
    port: 0,
    handler(incoming, response) {
      sockets.add(incoming.socket as Socket);
      endUnreadBody(incoming, response);
      response.end();
    },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const listeners: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const sent = request(port.url, { agent, method: 'POST', headers: { 'content-length': '5' } });
      sent.flushHeaders();
      const [answer] = await once(sent, 'response');
      sent.end('12345');
      answer.resume();
      await once(answer, 'end');
      const [socket] = sockets;
      listeners.push(socket?.listenerCount('close') ?? 0);
    }
    expect(sockets.size).toBe(1);
    expect(new Set(listeners).size).toBe(1);
  } finally {
    agent.destroy();
    port.destroy();
    await port.close();
  }
});
