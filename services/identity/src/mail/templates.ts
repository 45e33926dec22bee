import { html, type Html } from '../auth/page/html.ts';
import type { Content, MailData } from './content.ts';
import { orderTemplates } from './templates-order.ts';
import { sellerTemplates } from './templates-seller.ts';

const hello = ({ name = '' }: MailData): string => (name === '' ? 'Hello,' : `Hello ${name},`);
const ignore = 'If you did not ask for this, nothing happens when you ignore it.';

/** What mails say, by what they are for. */
const templates = {
  ...orderTemplates,
  ...sellerTemplates,
  'verify-email': (data: MailData): Content => ({
    subject: 'Confirm your e-mail address',
    text: [hello(data), 'Confirm that this address is yours, and your account is ready.'],
    action: { label: 'Confirm the address', url: data['url'] ?? '' },
    note: `The link is good for 24 hours. ${ignore}`,
  }),
  'magic-link': (data: MailData): Content => ({
    subject: 'Your link to sign in',
    text: ['Hello,', 'With this link you are signed in, without a password.'],
    action: { label: 'Sign in', url: data['url'] ?? '' },
    note: `The link is good for 15 minutes, once. ${ignore}`,
  }),
  'reset-password': (data: MailData): Content => ({
    subject: 'Choose a new password',
    text: [hello(data), 'With this link you choose a new password. You are signed out everywhere else then.'],
    action: { label: 'Choose a password', url: data['url'] ?? '' },
    note: `The link is good for an hour, once. ${ignore}`,
  }),
  invitation: (data: MailData): Content => ({
    subject: `${data['inviter'] ?? 'Somebody'} invites you to ${data['workspace'] ?? 'a workspace'}`,
    text: [
      'Hello,',
      `${data['inviter'] ?? 'Somebody'} invites you to the workspace ${data['workspace'] ?? ''} as ${data['role'] ?? 'member'}.`,
    ],
    action: { label: 'Look at the invitation', url: data['url'] ?? '' },
    note: `The link is good for 7 days, for this address alone. ${ignore}`,
  }),
} satisfies Record<string, (data: MailData) => Content>;

export type TemplateName = keyof typeof templates;

export const isTemplate = (name: string): name is TemplateName => Object.hasOwn(templates, name);

/** A mail as text and as HTML; what is put into it is escaped. */
export function renderMail(
  name: TemplateName,
  data: MailData,
): { subject: string; text: string; html: string } {
  const { subject, text, action, note } = templates[name](data);
  const lines = [...text, ...(action ? [`${action.label}:\n${action.url}`] : []), ...(note ? [note] : [])];
  return {
    // A name with a line break in it would be another header.
    subject: subject.replaceAll(/[\r\n]+/g, ' ').slice(0, 200),
    text: `${lines.join('\n\n')}\n\nCNAP\n`,
    html: page(subject, [
      ...text.map((paragraph) => html`<p>${paragraph}</p>`),
      ...(action ? [html`<p style="margin:28px 0">${button(action)}</p>`] : []),
      ...(action ? [html`<p style="${small}">Or copy this address: ${action.url}</p>`] : []),
      ...(note ? [html`<p style="${small}">${note}</p>`] : []),
    ]).html,
  };
}

const small = 'font-size:14px;color:#586674;word-break:break-word';
const button = ({ label, url }: { label: string; url: string }): Html =>
  html`<a
    href="${url}"
    style="background:#0b5cad;color:#ffffff;text-decoration:none;padding:12px 22px;border-radius:6px;display:inline-block"
    >${label}</a
  >`;

const page = (title: string, body: Html[]): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
      </head>
      <body
        style="margin:0;background:#f5f7f9;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5;color:#1b2733"
      >
        <div style="max-width:560px;margin:0 auto;padding:32px 24px">
          <div style="background:#ffffff;border:1px solid #d8dee4;border-radius:8px;padding:24px 28px">
            ${body}
          </div>
          <p style="${small}">CNAP</p>
        </div>
      </body>
    </html> `;
