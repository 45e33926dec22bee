import { targetOf } from '../api/write.ts';
import { below, defaulted } from '../kinds/kind.ts';
import type { Fields } from '../objects/object.ts';
import { fieldsOf, isFields, listOf, textOf } from '../objects/object.ts';
import { quantity } from '../objects/quantity.ts';
import { forbidden } from '../objects/status-error.ts';
import { parse } from '../storage/store.ts';
import type { Admission } from './admission.ts';

/** Fills requests and limits of pods' containers, and refuses what is out of bounds. */
export const limitRanges: Admission = ({ cluster, kind, operation, object }) => {
  if (kind.resource !== 'pods' || kind.group || operation !== 'CREATE') return;
  const ranges = cluster.store.list('limitranges', object.metadata.namespace).map((entry) => parse(entry));
  const limits = ranges.flatMap((range) => listOf(fieldsOf(range['spec'])['limits']).map(fieldsOf));
  const spec = fieldsOf(object['spec']);
  for (const item of [...listOf(spec['containers']), ...listOf(spec['initContainers'])]) {
    if (!isFields(item)) continue;
    const resources = below(item, 'resources');
    for (const limit of limits.filter(({ type }) => type === 'Container')) {
      if (isFields(limit['default'])) defaulted(below(resources, 'limits'), limit['default']);
      if (isFields(limit['defaultRequest'])) defaulted(below(resources, 'requests'), limit['defaultRequest']);
      const why = outOfBounds(limit, resources);
      if (why) throw forbidden(targetOf(kind, object.metadata.name), why);
    }
  }
};

function outOfBounds(limit: Fields, resources: Fields): string | undefined {
  for (const [name, max] of Object.entries(fieldsOf(limit['max']))) {
    const value = textOf(fieldsOf(resources['limits'])[name]);
    if (value && quantity(value) > quantity(textOf(max))) {
      return `maximum ${name} usage per Container is ${textOf(max)}, but limit is ${value}`;
    }
  }
  for (const [name, min] of Object.entries(fieldsOf(limit['min']))) {
    const value = textOf(fieldsOf(resources['requests'])[name]);
    if (value && quantity(value) < quantity(textOf(min))) {
      return `minimum ${name} usage per Container is ${textOf(min)}, but request is ${value}`;
    }
  }
  return undefined;
}
