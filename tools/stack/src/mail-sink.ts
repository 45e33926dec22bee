// A mail server that delivers nothing and shows everything: for trying the platform on one machine.
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** A mail as it came. */
export type SeenMail = {
  id: number;
  time: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
};

export type MailSink = AsyncDisposable & {
  /** Where mails are sent to. */
  smtpUrl: string;
  /** Where they can be looked at; `/mails.json` for programs. */
  url: string;
  mails(): readonly SeenMail[];
};

const keptMails = 200;
const largestMail = 5 * 1024 * 1024;

/** Starts it on loopback; port 0 takes a free one. */
export async function startMailSink(ports: { smtp: number; page: number }): Promise<MailSink> {
  const seen: SeenMail[] = [];
  let last = 0;
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: largestMail,
    closeTimeout: 200, // senders keep their connections for the next mail
    logger: false,
    async onData(stream, _session, callback) {
      try {
        const mail = await PostalMime.parse(Buffer.concat(await stream.toArray()));
        last += 1;
        seen.unshift({
          id: last,
          time: new Date().toISOString(),
          from: mail.from?.address ?? '',
          to: (mail.to ?? []).map(({ address = '' }) => address),
          subject: mail.subject ?? '',
          text: mail.text ?? '',
          html: mail.html ?? '',
        });
        seen.splice(keptMails);
        callback();
      } catch (error) {
        callback(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  smtp.on('error', () => undefined); // a client that went away
  smtp.listen(ports.smtp, '127.0.0.1');
  await once(smtp.server, 'listening');
  const page = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://mails');
    if (pathname === '/mails.json') return send(response, 'application/json', JSON.stringify(seen));
    if (pathname === '/') return send(response, 'text/html; charset=utf-8', listPage(seen));
    const [, id = '', part = ''] = /^\/mails\/(\d+)(\/html)?$/.exec(pathname) ?? [];
    const mail = seen.find((one) => one.id === Number(id));
    if (!mail) return void response.writeHead(404).end('not found\n');
    return send(response, 'text/html; charset=utf-8', part === '' ? mailPage(mail) : mail.html);
  });
  page.listen(ports.page, '127.0.0.1');
  await once(page, 'listening');
  const portOf = (server: { address(): AddressInfo | string | null }) =>
    (server.address() as AddressInfo).port;
  return {
    smtpUrl: `smtp://127.0.0.1:${portOf(smtp.server)}`,
    url: `http://127.0.0.1:${portOf(page)}`,
    mails: () => seen,
    async [Symbol.asyncDispose]() {
      page.closeAllConnections();
      page.close();
      await new Promise<void>((resolve) => {
        smtp.close(() => resolve());
      });
    },
  };
}

function send(response: ServerResponse, type: string, body: string): void {
  // What is in a mail runs nothing and loads nothing; its links open in the whole window.
  response.setHeader(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
  );
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-store');
  response.writeHead(200, { 'content-type': type }).end(body);
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => escapes[one] ?? one);

const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b2733; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #d8dee4; }
iframe { width: 100%; height: 32rem; border: 1px solid #d8dee4; border-radius: 6px; } pre { white-space: pre-wrap; background: #f5f7f9; padding: 1rem; border-radius: 6px; }
a { color: #0b5cad; }
</style></head><body>${body}</body></html>
`;

const listPage = (mails: readonly SeenMail[]): string =>
  layout(
    'Mails',
    `<h1>Mails</h1><p>Nothing is delivered: what the platform sends ends here. Reload to see what is new.</p>${
      mails.length === 0
        ? '<p>No mail yet.</p>'
        : `<table><thead><tr><th>To</th><th>Subject</th><th>When</th></tr></thead><tbody>${mails
            .map(
              ({ id, to, subject, time }) =>
                `<tr><td>${escaped(to.join(', '))}</td><td><a href="/mails/${id}">${escaped(subject)}</a></td><td>${time.slice(11, 19)}</td></tr>`,
            )
            .join('')}</tbody></table>`
    }`,
  );

function mailPage({ id, from, to, subject, text, time }: SeenMail): string {
  const linked = escaped(text).replaceAll(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);
  return layout(
    subject,
    `<p><a href="/">All mails</a></p><h1>${escaped(subject)}</h1>
<p>From ${escaped(from)} to ${escaped(to.join(', '))}, ${time.slice(0, 19).replace('T', ' ')}</p>
<h2>Text</h2><pre>${linked}</pre>
<h2>HTML</h2><iframe title="The mail as HTML" sandbox="allow-top-navigation-by-user-activation" src="/mails/${id}/html"></iframe>`,
  );
}
