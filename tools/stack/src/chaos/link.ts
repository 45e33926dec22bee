import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cut } from './schedule.ts';

/** A TCP connection's way through this process, where it can be cut. */
export type Link = AsyncDisposable & {
  /** Where to connect in place of the target. */
  readonly port: number;
  /** Begins a fault. */
  fail(how: Cut): void;
  /** Ends it. */
  heal(): void;
};

const slowMs = 150;

/** Listens on loopback and passes everything on to a port of this machine, both ways. */
export async function openLink(targetPort: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let how: Cut | undefined;
  const isHeld = () => how === 'stall' || how === 'reset';
  let healed = Promise.withResolvers<void>();

  /** Holds a piece back as the fault of the moment wants it. */
  const gate = async () => {
    while (isHeld()) await healed.promise;
    if (how === 'slow') await pause(slowMs);
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()); // its partner is told by the pump
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
  };
  const pump = async (from: Socket, to: Socket) => {
    try {
      for await (const chunk of from) {
        if (how !== undefined) await gate();
        if (to.destroyed) break;
        if (!to.write(chunk as Buffer)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      if (!to.destroyed) to.end();
    } catch {
      to.destroy();
    }
  };
  const cutAll = () => sockets.forEach((socket) => socket.resetAndDestroy());

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (how === 'refuse') return void near.resetAndDestroy();
    keep(near);
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    keep(far);
    far.once('close', () => near.destroy());
    near.once('close', () => far.destroy());
    void Promise.all([pump(near, far), pump(far, near)]); // neither rejects
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fail(next) {
      const { resolve: lookAgain } = healed; // whoever waits for the end of another fault waits for this one's
      how = next;
      healed = Promise.withResolvers();
      lookAgain();
      if (next === 'refuse') cutAll();
    },
    heal() {
      if (how === 'reset') cutAll();
      how = undefined;
      healed.resolve();
    },
    async [Symbol.asyncDispose]() {
      how = undefined;
      healed.resolve();
      cutAll();
      await new Promise((closed) => server.close(closed));
    },
  };
}
