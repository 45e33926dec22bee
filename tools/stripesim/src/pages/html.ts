import type { Answer } from '../http.ts';

/** Text that is safe inside an element and inside a quoted attribute. */
export const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

/** Marks text as markup already. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | false | null | undefined | Part[];

const render = (part: Part): string => {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return part === false || part === null || part === undefined ? '' : escape(String(part));
};

/** A template whose values are escaped, unless they are markup. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(strings.reduce((text, string, position) => text + render(parts[position - 1]) + string));

export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency: currency.toUpperCase() }).format(amount / 100);

const originOf = (url: string | null): string[] => {
  const parsed = url === null ? null : URL.parse(url.replaceAll('{CHECKOUT_SESSION_ID}', 'id'));
  return parsed ? [parsed.origin] : [];
};

/**
 * A whole page. `leadsTo` are the addresses that its forms may end up at: browsers hold redirects after
 * a form against form-action too.
 */
export function pageAnswer(
  title: string,
  body: Html,
  { status = 200, leadsTo = [] }: { status?: number; leadsTo?: (string | null)[] } = {},
): Answer {
  const targets = ["'self'", ...new Set(leadsTo.flatMap(originOf))].join(' ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <p class="notice" role="note">
          <strong>Simulated Stripe.</strong> No money moves here. Do not enter a real card.
        </p>
        <main>${body}</main>
      </body>
    </html> `;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'self'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: page.text,
  };
}

export const stylesheet: Answer = {
  status: 200,
  headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=300' },
  body: `:root { color-scheme: light dark; --ink: light-dark(#1a1f36, #eef0f6); --soft: light-dark(#4f566b, #a9b1c6); --ground: light-dark(#f6f8fa, #14171f); --panel: light-dark(#ffffff, #1d212c); --line: light-dark(#d5dbe1, #3a4152); --accent: light-dark(#4f46e5, #8f8bff); --on-accent: light-dark(#ffffff, #14171f); --alarm: light-dark(#b3093c, #ff9aa8); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); align-items: start; }
.notice { margin: 0; padding: .5rem 1rem; text-align: center; background: light-dark(#fff4d6, #3d3313); color: light-dark(#5c4100, #ffe7a6); }
section { background: var(--panel); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem; }
h1, h2 { margin: 0 0 1rem; line-height: 1.25; font-size: 1.35rem; }
h2 { font-size: 1.1rem; }
.total { font-size: 2rem; font-weight: 650; margin: 0 0 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
tfoot th, tfoot td { font-weight: 650; border-bottom: 0; }
.amount { text-align: right; white-space: nowrap; }
.soft, small { color: var(--soft); }
label { display: block; margin: 0 0 1rem; font-weight: 550; }
input, select { display: block; width: 100%; margin-top: .25rem; padding: .6rem .7rem; font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { font-weight: 550; padding: 0; }
.choice { display: flex; gap: .5rem; align-items: center; font-weight: 400; margin: .25rem 0; }
.choice input { width: auto; margin: 0; }
button { font: inherit; font-weight: 600; padding: .7rem 1rem; border-radius: .5rem; border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent); cursor: pointer; width: 100%; }
button.quiet { background: transparent; color: var(--accent); border-color: transparent; margin-top: .5rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alarm { color: var(--alarm); border: 1px solid currentColor; border-radius: .5rem; padding: .6rem .8rem; margin: 0 0 1rem; }
code { font: .9em ui-monospace, monospace; }
`,
};
