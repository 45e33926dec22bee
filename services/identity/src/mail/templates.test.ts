import { expect, test } from 'vitest';
import { renderMail } from './templates.ts';

test('what is put into a mail is escaped, and makes no header', () => {
  const { subject, text, html } = renderMail('invitation', {
    inviter: 'Eve\r\nBcc: all@example.com',
    workspace: '<script>alert(1)</script>',
    role: 'admin',
    url: 'https://cnap.example/invitations/x?a=1&b="2"',
  });
  expect(subject).not.toMatch(/[\r\n]/);
  expect(html).not.toContain('<script>');
  expect(html).toContain('&lt;script&gt;');
  expect(html).toContain('href="https://cnap.example/invitations/x?a=1&amp;b=&quot;2&quot;"');
  expect(text).toContain('https://cnap.example/invitations/x?a=1&b="2"');
});
