// Loaded into the installer's process before itself: counts what it asks of Postgres and of Kubernetes, and tells when
// asked. It ends with the benchmark.
import { subscribe } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { Client } from 'pg';
import type { Counted, Figures } from '../fleet/figures.ts';

const counted: Record<string, Counted> = {};

function add(what: string, ms: number): void {
  const so = (counted[what] ??= { count: 0, ms: 0 });
  so.count += 1;
  so.ms += ms;
}

const begun = new WeakMap<object, number>();
type Sent = { request: { method: string; path: string } };
subscribe('undici:request:create', (message) => begun.set((message as Sent).request, performance.now()));
for (const end of ['undici:request:trailers', 'undici:request:error']) {
  subscribe(end, (message) => {
    const { request } = message as Sent;
    add(kindOf(request), performance.now() - (begun.get(request) ?? Number.NaN));
  });
}

function kindOf({ method, path }: Sent['request']): string {
  if (/[?&]watch=/.test(path)) return 'watch';
  if (method === 'PATCH') return 'apply';
  return method === 'GET' ? 'read' : 'other';
}

type Query = (...parts: unknown[]) => unknown;
const client = Client.prototype as unknown as { query: Query };
const query = client.query;
client.query = function counting(this: unknown, ...parts: unknown[]): unknown {
  const from = performance.now();
  const first = parts[0] as string | { text?: string };
  const isCommit = (typeof first === 'string' ? first : first.text) === 'commit';
  const end = (): void => add(isCommit ? 'commit' : 'statement', performance.now() - from);
  const last = parts.at(-1);
  // A pool asks with a callback, who has a session with a promise.
  if (typeof last === 'function') {
    const told = (...answer: unknown[]): unknown => {
      end();
      return (last as Query)(...answer);
    };
    return query.apply(this, [...parts.slice(0, -1), told]);
  }
  const answer = query.apply(this, parts);
  if (answer instanceof Promise) answer.then(end, end);
  return answer;
};

process.on('message', () => {
  const told: Figures = { counted };
  process.send?.({ figures: told });
});
process.on('disconnect', () => process.exit());
