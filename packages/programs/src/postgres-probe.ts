import { connect } from 'node:net';

/**
 * Whether a Postgres takes connections at this port: it sends a start-up message and looks at the answer's
 * first byte. `R` asks for a password, so sessions are let in; `E` says "the database system is starting up".
 */
export function acceptsConnections(port: number, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(timeoutMs, () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
    socket.once('connect', () => socket.write(startupMessage({ user: 'postgres', database: 'postgres' })));
    socket.once('data', (data) => answer(data.toString('latin1', 0, 1) === 'R'));
  });
}

// https://www.postgresql.org/docs/current/protocol-message-formats.html: length, protocol 3.0, name and value pairs
function startupMessage(parameters: Record<string, string>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${pairs.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}
