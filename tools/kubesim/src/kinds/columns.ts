import type { KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import type { Column } from './kind.ts';

/** An age as kubectl prints it: `45s`, `3m12s`, `5h`, `3d4h`, `400d`. */
export function humanAge(since: string | undefined, now: number): string {
  if (!since) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const part = (large: number, unit: string, small: number, smallUnit: string): string =>
    small ? `${large}${unit}${small}${smallUnit}` : `${large}${unit}`;
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return part(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return part(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  return hours < 192 ? part(days, 'd', hours % 24, 'h') : `${days}d`;
}

export const nameColumn: Column = { name: 'Name', format: 'name', cell: (object) => object.metadata.name };

export const ageColumn: Column = {
  name: 'Age',
  cell: (object, now) => humanAge(object.metadata.creationTimestamp, now),
};

/** The value at a dotted path as text. */
export function at(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.')) value = fieldsOf(value)[part];
  return value;
}

export const text = (name: string, path: string, none = '<none>', priority = 0): Column => ({
  name,
  priority,
  cell: (object) => textOf(at(object, path)) || none,
});

export const count = (name: string, path: string): Column => ({
  name,
  type: 'integer',
  cell: (object) => Number(at(object, path) ?? 0),
});

export const column = (
  name: string,
  cell: (object: KubeObject, now: number) => string | number,
  priority = 0,
): Column => ({
  name,
  priority,
  cell,
});

export const selectorText = (selector: unknown): string => {
  const labels = fieldsOf(fieldsOf(selector)['matchLabels'] ?? selector);
  const pairs = Object.entries(labels).filter(([, value]) => typeof value === 'string');
  return pairs.map(([key, value]) => `${key}=${textOf(value)}`).join(',') || '<none>';
};

const containersOf = (object: KubeObject): unknown[] => listOf(at(object, 'spec.template.spec.containers'));

/** `-o wide` of the workloads */
export const workloadWide: readonly Column[] = [
  column(
    'Containers',
    (object) =>
      containersOf(object)
        .map((c) => textOf(fieldsOf(c)['name']))
        .join(','),
    1,
  ),
  column(
    'Images',
    (object) =>
      containersOf(object)
        .map((c) => textOf(fieldsOf(c)['image']))
        .join(','),
    1,
  ),
  column('Selector', (object) => selectorText(at(object, 'spec.selector')), 1),
];
