import type { RestOperation, RestVerb } from './model/operation.ts';

/** Where a request goes. */
export type Routed =
  | { kind: 'found'; operation: RestOperation; variables: string[] }
  /** The path exists, with other methods. */
  | { kind: 'other-method'; allow: string[] }
  | { kind: 'unknown' };

type Node = {
  children: Map<string, Node>;
  parameter: Node | undefined;
  operations: Map<RestVerb, RestOperation>;
};

const emptyNode = (): Node => ({ children: new Map(), parameter: undefined, operations: new Map() });

/**
 * Routes by method and path (undecoded, without query); HEAD goes where GET goes unless that is a stream. A static
 * segment hides a variable one, whatever the method: no id is called like a collection or a verb.
 * @throws Error when two operations have one method and path
 */
export function createRouter(operations: readonly RestOperation[]): (method: string, path: string) => Routed {
  const root = emptyNode();
  for (const operation of operations) insert(root, operation);
  return (method, path) => {
    const found = find(root, path.split('/'), 1, []);
    if (found === undefined) return { kind: 'unknown' };
    const operation = operationOf(found.node, method);
    return operation === undefined
      ? { kind: 'other-method', allow: methodsOf(found.node).toSorted() }
      : withDecoded(operation, found.variables);
  };
}

function insert(root: Node, operation: RestOperation): void {
  let node = root;
  for (const segment of operation.path.split('/').slice(1)) {
    if (segment.startsWith('{')) node = node.parameter ??= emptyNode();
    else {
      const child: Node = node.children.get(segment) ?? emptyNode();
      node.children.set(segment, child);
      node = child;
    }
  }
  const other = node.operations.get(operation.method);
  if (other)
    throw new Error(`${operation.id} and ${other.id} are both ${operation.method} ${operation.path}`);
  node.operations.set(operation.method, operation);
}

function find(
  node: Node,
  segments: readonly string[],
  at: number,
  variables: string[],
): { node: Node; variables: string[] } | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.operations.size > 0 ? { node, variables } : undefined;
  const child = node.children.get(segment);
  const found = child && find(child, segments, at + 1, variables);
  if (found || !node.parameter || segment === '') return found;
  return find(node.parameter, segments, at + 1, [...variables, segment]);
}

function operationOf(node: Node, method: string): RestOperation | undefined {
  if (method !== 'HEAD') return node.operations.get(method as RestVerb);
  const get = node.operations.get('GET');
  return get?.stream === undefined ? get : undefined;
}

function methodsOf(node: Node): string[] {
  return operationOf(node, 'HEAD') === undefined
    ? [...node.operations.keys()]
    : [...node.operations.keys(), 'HEAD'];
}

function withDecoded(operation: RestOperation, variables: readonly string[]): Routed {
  try {
    return { kind: 'found', operation, variables: variables.map(decodeURIComponent) };
  } catch {
    // A percent sign that begins nothing: no resource is called so.
    return { kind: 'unknown' };
  }
}
