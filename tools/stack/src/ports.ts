import { createServer } from 'node:net';
import { Mistake } from './options.ts';

/** Says in one line that the public port is taken, before anything is started. */
export async function refuseBusyPort(port: number): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, '127.0.0.1', resolve);
  try {
    await promise;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE')
      throw new Mistake(`port ${port} is in use: end what uses it, or set CNAP_PORT`);
    if (code === 'EACCES')
      throw new Mistake(`port ${port} needs more rights than this user has: set CNAP_PORT`);
    throw error;
  } finally {
    if (server.listening) await new Promise((closed) => server.close(closed));
  }
}
