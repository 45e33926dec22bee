import { posix } from 'node:path';
import type { FileRule } from './check.ts';
import type { Import, SourceFile } from './source-tree.ts';

/** Who may import whom inside a service: the table of docs, file by file. */
export const serviceFileRules: FileRule[] = [
  main,
  service,
  rpc,
  store,
  plan,
  reconcile,
  adapter,
  outsideWorld,
  tests,
];

const outside = /^(stripe|undici|@kubernetes\/client-node|(node:)?(http|https|http2|net|tls|child_process))$/;
const network = /^(@connectrpc\/.*|@nats-io\/.*|@cnap\/(rpc|client|events))$/;
const effects = /^(node:|kysely$|pg$|@cnap\/(postgres|reconcile|telemetry|config|kubernetes|helm)$)/;
const messages = /^@cnap\/proto(\/.*)?$/;

type Found = { line: number; rule: string };

const inService = (file: SourceFile) => /^services\/[^/]+\/src\//.test(file.path);
const roleOf = (path: string) => posix.basename(path).replace(/\.ts$/, '');
const folderOf = (file: SourceFile) => /^services\/[^/]+\/src\/([^/]+)\//.exec(file.path)?.[1];
const atTop = (file: SourceFile) => inService(file) && folderOf(file) === undefined;

/** Folders that hold no store, rpc or reconciler talk to an outside system. */
function isAdapter(path: string, tree: SourceFile[]): boolean {
  const folder = /^services\/[^/]+\/src\/[^/]+\//.exec(path)?.[0];
  if (folder === undefined) return false;
  const roles = tree.filter((each) => each.path.startsWith(folder)).map((each) => roleOf(each.path));
  return !roles.some((role) => /^(store|rpc|plan|reconcile|event|to-proto|on-.*)$/.test(role));
}

function* main(file: SourceFile): Iterable<Found> {
  if (!atTop(file) || roleOf(file.path) !== 'main') return;
  for (const { line, target } of file.imports) {
    if (target === undefined || /^(service|config)\.ts$/.test(posix.basename(target))) continue;
    yield { line, rule: 'main imports service and config, nothing else of its service' };
  }
}

function* service(file: SourceFile): Iterable<Found> {
  if (!inService(file) || file.isTest || roleOf(file.path) === 'main') return;
  for (const { line, target, typeOnly } of file.imports) {
    if (typeOnly || target === undefined || !/^services\/[^/]+\/src\/service\.ts$/.test(target)) continue;
    yield { line, rule: 'service.ts is imported by main and by tests only' };
  }
}

function* rpc(file: SourceFile, tree: SourceFile[]): Iterable<Found> {
  if (!inService(file) || file.isTest || roleOf(file.path) !== 'rpc') return;
  for (const each of file.imports) {
    if (each.names.includes('ConnectError')) {
      yield { line: each.line, rule: 'rpc throws DomainError: transport codes belong to packages/rpc' };
    }
    if (each.target === undefined || each.typeOnly) continue;
    if (isAdapter(each.target, tree))
      yield { line: each.line, rule: 'rpc must not use an adapter: a reconciler does' };
    if (/^(reconcile|on-.*|main|config)$/.test(roleOf(each.target))) {
      yield { line: each.line, rule: `rpc must not import ${roleOf(each.target)}` };
    }
  }
  yield* linesWith(
    file,
    /\bprocess\.env\b/,
    'rpc must not read process.env: service.ts passes what it needs',
  );
}

function* store(file: SourceFile): Iterable<Found> {
  if (!inService(file) || file.isTest || roleOf(file.path) !== 'store') return;
  for (const { line, from } of file.imports) {
    if (network.test(from) || outside.test(from)) yield { line, rule: 'store holds SQL: no network' };
    if (messages.test(from)) yield { line, rule: 'store knows rows, not messages: to-proto translates' };
  }
}

function* plan(file: SourceFile): Iterable<Found> {
  if (!inService(file) || file.isTest || roleOf(file.path) !== 'plan') return;
  for (const { line, from, target, typeOnly } of file.imports) {
    if (typeOnly) continue;
    const reachesOut = effects.test(from) || network.test(from) || outside.test(from);
    const reachesIn = target !== undefined && /^(store|rpc|reconcile|service|database)$/.test(roleOf(target));
    if (!reachesOut && !reachesIn) continue;
    yield { line, rule: 'plan is pure: of this it may import types only' };
  }
  const impure =
    /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|randomUUID|process\.|await |async )/;
  yield* linesWith(file, impure, 'plan is pure: no clock, randomness or I/O; they come in as parameters');
}

function* reconcile(file: SourceFile, tree: SourceFile[]): Iterable<Found> {
  if (!inService(file) || file.isTest || roleOf(file.path) !== 'reconcile') return;
  for (const { line, target, typeOnly } of file.imports) {
    if (target === undefined) continue;
    if (roleOf(target) === 'rpc') yield { line, rule: 'reconcile must not import rpc' };
    if (!typeOnly && isAdapter(target, tree)) {
      yield { line, rule: 'reconcile declares a port; service.ts gives it the adapter' };
    }
  }
}

function* adapter(file: SourceFile, tree: SourceFile[]): Iterable<Found> {
  if (!inService(file) || file.isTest || !isAdapter(file.path, tree)) return;
  for (const { line, target } of file.imports) {
    if (target !== undefined && roleOf(target) === 'store')
      yield { line, rule: 'an adapter must not use a store' };
  }
}

function* outsideWorld(file: SourceFile, tree: SourceFile[]): Iterable<Found> {
  if (!inService(file) || file.isTest || isAdapter(file.path, tree)) return;
  const isGateway = file.path.startsWith('services/gateway/'); // HTTP is its work
  for (const { line, from, typeOnly } of file.imports) {
    if (typeOnly || !outside.test(from) || isGateway || roleOf(file.path) === 'service') continue;
    yield { line, rule: `${from} is for adapter folders: they alone talk to the outside` };
  }
}

function* tests(file: SourceFile): Iterable<Found> {
  if (!/^services\/[^/]+\/tests\//.test(file.path)) return;
  for (const { line, target, typeOnly } of file.imports.filter(reachesInside)) {
    if (!typeOnly && target !== undefined && /^(rpc|store)$/.test(roleOf(target))) {
      yield { line, rule: `tests use the generated client, never ${roleOf(target)} internals` };
    }
  }
}

const reachesInside = ({ target }: Import) => target !== undefined && /^services\/[^/]+\/src\//.test(target);

function* linesWith(file: SourceFile, pattern: RegExp, rule: string): Iterable<Found> {
  for (const [index, line] of file.lines.entries()) {
    if (pattern.test(line.replace(/(^|\s)\/\/.*|^\s*\*.*/, ''))) yield { line: index + 1, rule };
  }
}
