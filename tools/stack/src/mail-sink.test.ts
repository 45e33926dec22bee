import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { startMailSink } from './mail-sink.ts';

test('what is sent is shown, as text and as HTML that can do nothing', async () => {
  await using sink = await startMailSink({ smtp: 0, page: 0 });
  const transport = createTransport(sink.smtpUrl);
  await transport.sendMail({
    from: 'CNAP <no-reply@example.com>',
    to: 'ada@example.com',
    subject: 'Grüße <b>',
    text: 'See https://example.com/x?a=1',
    html: '<p>Hello</p><script>alert(1)</script>',
  });
  transport.close();
  expect(sink.mails()).toMatchObject([{ to: ['ada@example.com'], subject: 'Grüße <b>' }]);
  const list = await (await fetch(sink.url)).text();
  expect(list).toContain('Grüße &lt;b&gt;');
  const page = await (await fetch(`${sink.url}/mails/1`)).text();
  expect(page).toContain('href="https://example.com/x?a=1"');
  const html = await fetch(`${sink.url}/mails/1/html`);
  expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect((await fetch(`${sink.url}/mails/2`)).status).toBe(404);
  expect(await (await fetch(`${sink.url}/mails.json`)).json()).toHaveLength(1);
});

test('a sender that keeps its connection does not keep it from ending', async () => {
  const sink = await startMailSink({ smtp: 0, page: 0 });
  const transport = createTransport({ url: sink.smtpUrl, pool: true });
  await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', subject: 'One', text: 'one' });
  const endsAt = performance.now();
  await sink[Symbol.asyncDispose]();
  expect(performance.now() - endsAt).toBeLessThan(10_000); // it would be 30 s
  transport.close();
});
