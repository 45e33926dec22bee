import { shapeAt } from '../apply/fields.ts';
import type { Shape } from '../kinds/kind.ts';
import type { Fields } from '../objects/object.ts';
import { fieldsOf, isFields, listOf, same } from '../objects/object.ts';

/**
 * Strategic merge patch: lists with a merge key are merged item by item, `$patch`, `$retainKeys`,
 * `$setElementOrder` and `$deleteFromPrimitiveList` are obeyed.
 */
export function strategicMerge(target: unknown, patch: unknown, shape: Shape): unknown {
  if (!isFields(patch)) return patch;
  const { $patch: directive, $retainKeys: retained, ...rest } = patch;
  if (directive === 'replace') return stripped(rest);
  if (directive === 'delete') return {};
  const result: Fields = { ...fieldsOf(target) };
  if (Array.isArray(retained))
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
  const orders: [string, unknown[]][] = [];
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith('$setElementOrder/')) {
      orders.push([key.slice('$setElementOrder/'.length), listOf(value)]);
    } else if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice('$deleteFromPrimitiveList/'.length);
      result[field] = listOf(result[field]).filter((item) => !listOf(value).includes(item));
    } else if (value === null) {
      delete result[key];
    } else if (Array.isArray(value)) {
      result[key] = mergeList(result[key], value, shapeAt(shape, key));
    } else {
      result[key] = isFields(value) ? strategicMerge(result[key], value, shapeAt(shape, key)) : value;
    }
  }
  for (const [field, order] of orders)
    result[field] = ordered(listOf(result[field]), order, keyOf(shapeAt(shape, field)));
  return result;
}

const keyOf = (shape: Shape): string | undefined => shape.patchKey ?? shape.keys?.[0];

const stripped = (value: Fields): Fields =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));

function mergeList(target: unknown, patch: unknown[], shape: Shape): unknown[] {
  const key = keyOf(shape);
  if (shape.set) return [...new Set([...listOf(target), ...patch])];
  if (!key) return patch;
  if (patch.some((item) => fieldsOf(item)['$patch'] === 'replace' && fieldsOf(item)[key] === undefined)) {
    return patch.filter((item) => fieldsOf(item)['$patch'] === undefined);
  }
  let result = [...listOf(target)];
  for (const item of patch) {
    const wanted = fieldsOf(item);
    const isItem = (there: unknown): boolean => same(fieldsOf(there)[key], wanted[key]);
    if (wanted['$patch'] === 'delete') {
      result = result.filter((there) => !isItem(there));
      continue;
    }
    const index = result.findIndex(isItem);
    if (index < 0) result.push(strategicMerge({}, item, shape.item ?? {}));
    else result[index] = strategicMerge(result[index], item, shape.item ?? {});
  }
  return result;
}

/** Items that the order names come in that order; the others keep their places after them. */
function ordered(list: unknown[], order: unknown[], key: string | undefined): unknown[] {
  const idOf = (item: unknown): unknown => (key && isFields(item) ? item[key] : item);
  const position = (item: unknown): number => {
    const index = order.findIndex((wanted) => same(idOf(wanted), idOf(item)));
    return index < 0 ? order.length : index;
  };
  return list.toSorted((left, right) => position(left) - position(right));
}
