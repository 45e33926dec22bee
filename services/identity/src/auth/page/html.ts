/** Text that is HTML already. */
export type Html = { readonly html: string };
type Value = Html | readonly Html[] | string | number | false | undefined;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template that escapes whatever is put into it, unless it was made by this template itself. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const text = strings.map((part, index) => part + (index < values.length ? render(values[index]) : ''));
  return { html: text.join('') };
}

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'object')
    return 'html' in value ? value.html : value.map((each) => each.html).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
