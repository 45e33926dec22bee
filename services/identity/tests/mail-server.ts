// A mail server that keeps what it gets, and refuses when it is told to.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export type MailServer = AsyncDisposable & {
  url: string;
  /** What came, as it came. */
  received: { to: string; message: string }[];
  /** SMTP codes for the next mails. */
  refusals: number[];
  to(address: string): { to: string; message: string }[];
  /** The last link in the last mail to an address. */
  linkTo(address: string): string;
};

export async function startMailServer(): Promise<MailServer> {
  const received: MailServer['received'] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    async onData(stream, session, callback) {
      const message = Buffer.concat(await stream.toArray()).toString();
      const code = refusals.shift();
      if (code !== undefined) return callback(Object.assign(new Error('not now'), { responseCode: code }));
      received.push({ to: session.envelope.rcptTo[0]?.address ?? '', message });
      return callback();
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const to = (address: string) => received.filter((mail) => mail.to === address);
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refusals,
    to,
    linkTo(address) {
      // quoted-printable: lines are broken with "=", and "=" is "=3D"
      const text = (to(address).at(-1)?.message ?? '').replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
      return /https?:\/\/\S+/.exec(text)?.[0] ?? '';
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
