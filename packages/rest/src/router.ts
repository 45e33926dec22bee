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
 * Routes by method and path (undecoded, without query); a static segment goes before a variable one, and HEAD goes
 * where GET goes unless that is a stream.
 * @throws Error when two operations have one method and path
 */
export function createRouter(operations: readonly RestOperation[]): (method: string, path: string) => Routed {
  const root = emptyNode();
  for (const operation of operations) insert(root, operation);
  return (method, path) => {
    const found: { node: Node; variables: string[] }[] = [];
    collect(root, path.split('/'), 1, [], found);
    if (found.length === 0) return { kind: 'unknown' };
    for (const { node, variables } of found) {
      const operation = operationOf(node, method);
      if (operation !== undefined) return withDecoded(operation, variables);
    }
    return {
      kind: 'other-method',
      allow: [...new Set(found.flatMap(({ node }) => methodsOf(node)))].toSorted(),
    };
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

function collect(
  node: Node,
  segments: readonly string[],
  at: number,
  variables: readonly string[],
  found: { node: Node; variables: string[] }[],
): void {
  const segment = segments[at];
  if (segment === undefined) {
    if (node.operations.size > 0) found.push({ node, variables: [...variables] });
    return;
  }
  const child = node.children.get(segment);
  if (child) collect(child, segments, at + 1, variables, found);
  if (node.parameter && segment !== '') {
    collect(node.parameter, segments, at + 1, [...variables, segment], found);
  }
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
