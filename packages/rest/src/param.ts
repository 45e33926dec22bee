import type { DescMessage } from '@bufbuild/protobuf';
import { restMessage } from './model/message.ts';
import type { RestOperation } from './model/operation.ts';

/** What of an operation says how fields are named. */
export type Named = Pick<RestOperation, 'rpc' | 'queryParameters' | 'body'>;

const headerNames: Record<string, string> = { request_id: 'Idempotency-Key' };

/**
 * The REST name of a field that a service found wrong: `sources[0].helm_chart.version` is
 * `sources[0].chart.target_revision`. What it does not know stays as it is.
 */
export function restParam(operation: Named, path: string): string {
  const header = headerNames[path];
  if (header !== undefined) return header;
  const query = operation.queryParameters.find(({ member }) => member.field.name === path);
  if (query !== undefined) return query.name;
  const body = operation.body?.field;
  const inBody = body !== undefined && path.startsWith(`${body.name}.`);
  const within = inBody ? path.slice(body.name.length + 1) : path;
  const from = inBody && body.fieldKind === 'message' ? body.message : operation.rpc.input;
  return translated(from, within) ?? path;
}

function translated(message: DescMessage | undefined, path: string): string | undefined {
  const [, name, index = '', rest] = /^(\w+)((?:\[[^\]]*\])*)(?:\.(.*))?$/s.exec(path) ?? [];
  const member = message && restMessage(message).members.find(({ field }) => field.name === name);
  if (member === undefined) return undefined;
  const here = member.path.join('.') + index;
  if (rest === undefined) return here;
  const { type } = member;
  const item = type.kind === 'array' || type.kind === 'map' ? type.of : type;
  const below = item.kind === 'message' ? translated(item.desc, rest) : undefined;
  return `${here}.${below ?? rest}`;
}
