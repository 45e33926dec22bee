import comments from '@cnap/proto/comments.json' with { type: 'json' };

const texts = comments as Record<string, string>;

/** What the proto says of an element, by its full name; empty: nothing. */
export const commentOf = (name: string): string => texts[name] ?? '';

/** The comment as a paragraph: where its lines end means nothing. */
export const paragraphOf = (name: string): string => commentOf(name).replaceAll(/\s*\n\s*/g, ' ');

/** What an RPC's comment says, and the reasons it says it can fail with. */
export function rpcComment(name: string): { title: string; text: string; errors: string[] } {
  const [text = '', ...rest] = paragraphOf(name).split(/\s*(?:Permission|Errors): /);
  const list = paragraphOf(name).includes('Errors: ') ? (rest.at(-1) ?? '') : '';
  const errors = list.match(/[A-Z][A-Z0-9_]{3,}/g) ?? [];
  const title = (/^.*?[.;](?= |$)/.exec(text)?.[0] ?? text).replace(/[.;]$/, '');
  return { title, text, errors };
}
