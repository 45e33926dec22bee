import type { RestType } from '../model/type.ts';
import { invalid } from '../problem.ts';

/** What a text in a path or a query means, as JSON; throws RestProblem 422 when it is not of its type. */
export function valueOfText(type: RestType, text: string, param: string): unknown {
  switch (type.kind) {
    case 'string':
    case 'enum':
    case 'base64':
      return text;
    case 'integer':
    case 'unix-seconds':
      if (!/^-?\d{1,16}$/.test(text)) throw invalid(param, 'must be a whole number');
      return Number(text);
    case 'number':
    case 'duration-seconds':
      if (!/^-?\d{1,16}(\.\d{1,16})?$/.test(text)) throw invalid(param, 'must be a number');
      return Number(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw invalid(param, 'must be true or false');
      return text === 'true';
    default:
      throw new Error(`${type.kind} cannot be in a path or a query`);
  }
}

/**
 * The parameters of a query, each with its values.
 * @throws RestProblem 422 when one has no name in `known`
 */
export function parseQuery(query: string, known: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (query === '') return found;
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.has(name)) {
      const problem = invalid(
        name.slice(0, 100),
        'is not a parameter of this operation',
        'UNKNOWN_PARAMETER',
      );
      if (known.size > 0) problem.error.suggestion = `Known here: ${[...known].join(', ')}.`;
      throw problem;
    }
    const values = found.get(name);
    if (values === undefined) found.set(name, [value]);
    else values.push(value);
  }
  return found;
}
