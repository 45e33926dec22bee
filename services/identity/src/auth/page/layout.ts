import { html, type Html } from './html.ts';

/** What is wrong with a form, and with which of its fields. */
export type Problem = { field?: string; message: string };

export type Page = {
  title: string;
  content: Html;
  problems?: Problem[];
  status?: number;
  headers?: Record<string, string>;
  /** Whether the page has a button for passkeys, the only thing that needs a script. */
  passkeys?: boolean;
  /** Room for a table. */
  wide?: boolean;
  /** Where the browser goes on to by itself. */
  refresh?: string;
};

const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const pageHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'cache-control': 'no-store',
  // Tokens stand in some addresses; with no-referrer, browsers would hide the origin of forms from us, too.
  'referrer-policy': 'same-origin',
};

export function pageResponse(page: Page): Response {
  const { title, content, problems = [], wide = false, passkeys = false, refresh } = page;
  const failed = problems.length > 0;
  const body = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${failed ? 'Error: ' : ''}${title} – CNAP</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh !== undefined && html`<meta http-equiv="refresh" content="0; url=${refresh}" />`}
        <link rel="stylesheet" href="/sign-in/style.css" />
        <link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml" />
        ${passkeys && html`<script src="/sign-in/passkey.js" defer></script>`}
      </head>
      <body>
        <header>
          <a class="brand" href="/account"
            ><img src="/sign-in/icon.svg" alt="" width="28" height="28" /> CNAP</a
          >
        </header>
        <main class="${wide ? 'wide' : 'narrow'}">
          ${failed && summary(problems)}
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `;
  return new Response(body.html, {
    status: page.status ?? 200,
    headers: { ...pageHeaders, 'content-type': 'text/html; charset=utf-8', ...page.headers },
  });
}

/** Read out at once by screen readers, and where the focus begins. */
const summary = (problems: Problem[]): Html =>
  html`<div class="problems" role="alert" tabindex="-1" autofocus>
    <h2>There is a problem</h2>
    <ul>
      ${problems.map(
        ({ field: id, message }) =>
          html`<li>${id === undefined ? message : html`<a href="#${id}">${message}</a>`}</li>`,
      )}
    </ul>
  </div>`;

export type Field = {
  id: string;
  label: string;
  type?: 'text' | 'email' | 'password';
  value?: string;
  hint?: string;
  autocomplete: string;
  minLength?: number;
  maxLength?: number;
};

/** A labelled input that says below its label what is wrong with it. */
export function field(
  { id, label, type = 'text', value, hint, autocomplete, minLength, maxLength = 200 }: Field,
  problems: Problem[] = [],
): Html {
  const problem = problems.find((each) => each.field === id);
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for="${id}">${label}</label>
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${problem && html`<p class="wrong" id="${id}-problem">${problem.message}</p>`}
    <input
      id="${id}"
      name="${id}"
      type="${type}"
      autocomplete="${autocomplete}"
      required
      maxlength="${maxLength}"
      ${minLength !== undefined && html` minlength="${minLength}"`}${
        value !== undefined && html` value="${value}"`
      }${described !== '' && html` aria-describedby="${described}"`}${problem && html` aria-invalid="true"`}
    />
  </div>`;
}

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}" />`;
