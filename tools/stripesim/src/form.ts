/** A value of a form-encoded body: text, or a map whose keys may be indexes. */
export type FormValue = string | FormMap;
export interface FormMap {
  [key: string]: FormValue;
}

const maxDepth = 8;

const emptyMap = (): FormMap => Object.create(null) as FormMap;

export class FormError extends Error {}

/**
 * Reads `a[b][0]=c` as Stripe does. Arrays stay maps with the indexes as keys, because only the
 * parameter's own schema says whether it is an array or a map (metadata may have the key "0").
 */
export function parseForm(text: string): FormMap {
  const root = emptyMap();
  for (const [name, value] of new URLSearchParams(text)) insert(root, segmentsOf(name), value, name);
  return root;
}

function segmentsOf(name: string): string[] {
  const open = name.indexOf('[');
  if (open < 0) return [name];
  const rest = name.slice(open);
  if (open === 0 || !/^(\[[^[\]]*\])+$/.test(rest)) throw new FormError(`Invalid parameter name: ${name}`);
  return [name.slice(0, open), ...rest.slice(1, -1).split('][')];
}

function insert(root: FormMap, segments: string[], value: string, name: string): void {
  if (segments.length > maxDepth) throw new FormError(`Parameter nested too deeply: ${name}`);
  let map = root;
  for (const [position, segment] of segments.entries()) {
    const key = segment === '' ? String(Object.keys(map).length) : segment;
    if (position === segments.length - 1) {
      map[key] = value;
      return;
    }
    const next = map[key];
    if (typeof next === 'string') throw new FormError(`Parameter is both a value and a map: ${name}`);
    map = next ?? (map[key] = emptyMap());
  }
}
