import { describe, expect, test } from 'vitest';
import { isTemplate, renderMail, type TemplateName } from './templates.ts';
import { orderTemplates } from './templates-order.ts';
import { sellerTemplates } from './templates-seller.ts';

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

const evil = '<script>alert(1)</script>\r\nBcc: all@example.com';
const names = ['product', 'amount', 'deadline', 'removal', 'message', 'refunded', 'held', 'collected'];
const evilData = Object.fromEntries([...names, 'cluster', 'region'].map((name) => [name, evil]));

describe.each(Object.keys({ ...orderTemplates, ...sellerTemplates }).filter(isTemplate))('%s', (template) => {
  test.each(['buyer', 'seller'])('to the %s: whatever sellers and clusters write stays text', (side) => {
    const mail = renderMail(template as TemplateName, { ...evilData, side, url: 'https://cnap.example/o' });
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.subject.length).toBeLessThanOrEqual(200);
    expect(mail.html).not.toContain('<script>');
    expect(mail.html).toContain('href="https://cnap.example/o"');
    expect(mail.text).toContain('https://cnap.example/o');
    expect(mail.text).not.toContain('undefined');
  });
});
