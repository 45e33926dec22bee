import type { KubeObject } from '@cnap/kubernetes';

const form = /(\.[^\s:]+(?:\[[^\]]*\][^\s:]*)*): field not declared in schema/g;

/** The fields that server-side apply refused because no schema has them: `.spec.template.spec.bad`. */
export function undeclaredFields(message: string): string[] {
  return [...message.matchAll(form)].map((match) => match[1] ?? '');
}

type Step = string | number | Record<string, unknown>;

/**
 * The object without one field, which is what Helm 3 and client-side apply make of a field that does not exist.
 * undefined when the path leads nowhere.
 */
export function withoutField(object: KubeObject, path: string): KubeObject | undefined {
  const steps = stepsOf(path);
  const last = steps.pop();
  const copy = structuredClone(object);
  let place: unknown = copy;
  for (const step of steps) place = descend(place, step);
  if (typeof last !== 'string' || typeof place !== 'object' || place === null || !(last in place))
    return undefined;
  delete (place as Record<string, unknown>)[last];
  return copy;
}

// `.spec.containers[name="web"].bad`, `.a[0].b`: names, positions, and entries found by their keys.
function stepsOf(path: string): Step[] {
  return [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[([^\]]+)\]/g)].map(([, name, index, keys]) => {
    if (name !== undefined) return name;
    if (index !== undefined) return Number(index);
    const pairs = [...(keys ?? '').matchAll(/([\w-]+)=("[^"]*"|[^,]+)/g)];
    return Object.fromEntries(
      pairs.map(([, key, value]) => [key ?? '', JSON.parse(value ?? 'null') as unknown]),
    );
  });
}

function descend(place: unknown, step: Step): unknown {
  if (typeof place !== 'object' || place === null) return undefined;
  if (typeof step !== 'object') return (place as Record<string | number, unknown>)[step];
  if (!Array.isArray(place)) return undefined;
  return place.find((item: Record<string, unknown>) =>
    Object.entries(step).every(([key, value]) => (item[key] ?? defaults[key]) === value),
  );
}

/** Keys of list entries that the API server fills in before it compares. */
const defaults: Record<string, unknown> = { protocol: 'TCP' };
