// Bad requests for a REST operation: its path, query, headers and body.
import type { RestOperation } from '@cnap/rest/model';
import { spoiltBytes, spoiltObject } from './json-text.ts';
import type { Random } from './random.ts';
import { restRequestOf } from './rest-requests.ts';
import { oddText, valueFor } from './values.ts';

export type RestCase = {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | undefined;
};

const oddSegments = [
  '%00',
  '%ff%fe',
  '%2e%2e%2f',
  '%',
  '%zz',
  'x'.repeat(3_000),
  '%F0%9F%98%80',
  'null',
  '%20',
  'clu_01h455vb4pex5vsknk084sn02q%0d%0aa:b',
  'CLU_01H455VB4PEX5VSKNK084SN02Q',
  '%ED%A0%80', // a lone surrogate
];
const oddValues = [
  '',
  '0',
  '-1',
  '101',
  '1e9',
  'abc',
  '%00',
  '%ff',
  'true',
  '[]',
  'x'.repeat(2_000),
  'bm9wZQ',
  'eyJhIjoxfQ',
];

/** One bad request; the same for the same numbers. */
export function restCase(operation: RestOperation, random: Random, workspaceId: string): RestCase {
  const idOf = (prefix: string) =>
    prefix === 'ws' ? workspaceId : prefix === 'src' ? '' : `${prefix}_01h455vb4pex5vsknk084sn02q`;
  const valid = restRequestOf(operation, idOf, workspaceId);
  let { path } = valid;
  if (operation.pathParameters.length > 0 && random.oneIn(operation.body ? 6 : 2)) {
    const segments = operation.path.split('/');
    const at = random.pick(segments.flatMap((segment, index) => (segment.startsWith('{') ? [index] : [])));
    path = path
      .split('/')
      .map((segment, index) => (index === at ? random.pick(oddSegments) : segment))
      .join('/');
  }
  const query = [...valid.query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const names = [...operation.queryParameters.map(({ name }) => name), 'nonsense', '%00', 'limit', 'cursor'];
  if (random.oneIn(operation.body ? 6 : 2)) {
    for (let turn = random.below(3); turn >= 0; turn -= 1)
      query.push(`${random.pick(names)}=${random.pick(oddValues)}`);
  }
  const headers = oddHeaders(random);
  const whole = query.length === 0 ? path : `${path}?${query.join('&')}`;
  const { body } = operation;
  if (body === undefined || valid.body === undefined) {
    return { method: operation.method, path: whole, headers, body: undefined };
  }
  const members = body.message.members.map((member) => ({
    name: member.path[0] ?? member.name,
    value: () => valueFor(member.field, random),
  }));
  const bytes = spoiltBytes(spoiltObject(valid.body, members, random), random);
  const type = random.oneIn(15) ? random.pick(['text/plain', 'application/xml', 'x']) : 'application/json';
  return {
    method: operation.method,
    path: whole,
    headers: { 'content-type': type, ...headers },
    body: bytes,
  };
}

function oddHeaders(random: Random): Record<string, string> {
  if (!random.oneIn(8)) return {};
  const text = random.pick(oddText).replaceAll(/[^\x20-\x7e]/g, '?');
  return random.pick([
    { 'idempotency-key': 'x'.repeat(3_000) },
    { 'idempotency-key': text },
    { 'if-match': text },
    { 'if-match': '*' },
    { 'if-none-match': 'W/"' },
    { 'x-workspace-id': text },
    { 'x-workspace-id': '' },
    { accept: 'text/html' },
    { accept: '*/*;q=nonsense' },
    { 'content-encoding': 'gzip' },
    { range: 'bytes=0-1' },
    { 'x-http-method-override': 'DELETE' },
  ] as Record<string, string>[]);
}
