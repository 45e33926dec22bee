import { expect, test } from 'vitest';
import {
  adoptActor,
  createLogger,
  currentActor,
  currentTraceparent,
  span,
  withActor,
  withTrace,
} from './index.ts';

function logger() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('billing', { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a line has service, level, message, fields and the trace', () => {
  const { log, lines } = logger();
  withTrace(traceparent, () => log.info({ orderId: 'ord_1' }, 'order is paid'));
  expect(lines).toEqual([
    expect.objectContaining({
      service: 'billing',
      level: 'info',
      message: 'order is paid',
      orderId: 'ord_1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    }),
  ]);
});

test('neither fields, texts, errors nor what a child is bound to show a secret', () => {
  const { log, lines } = logger();
  const secret = 'cnap_pat_0123456789abcdefghijABCDEFGHIJ0123456789';
  log.child({ request: { headers: { authorization: secret } } }).warn({ password: secret }, `used ${secret}`);
  log.error({ err: new Error(secret) });
  log.info(`only text ${secret}`);
  expect(lines).toHaveLength(3);
  expect(JSON.stringify(lines)).not.toContain(secret);
  expect(lines[1]).toMatchObject({ err: { type: 'Error' } });
});

test('a trace that is not valid is replaced by a new one', () => {
  for (const bad of [undefined, '', 'x', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
    expect(withTrace(bad, currentTraceparent)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  }
  expect(withTrace(traceparent, currentTraceparent)).toBe(traceparent);
  expect(currentTraceparent()).toBeUndefined();
});

test('a span is a child in the same trace, across awaits', async () => {
  await withTrace(traceparent, async () => {
    const seen = await span('work', {}, async () => {
      await Promise.resolve();
      return currentTraceparent();
    });
    expect(seen?.slice(0, 36)).toBe(traceparent.slice(0, 36));
    expect(seen).not.toBe(traceparent);
    expect(currentTraceparent()).toBe(traceparent);
  });
});

test('the actor is seen by what runs within, and can be adopted later', async () => {
  const actor = { kind: 'user', id: 'usr_1' } as const;
  expect(withActor(actor, currentActor)).toEqual(actor);
  expect(withActor(actor, () => withTrace(undefined, currentActor))).toEqual(actor);
  await withTrace(traceparent, async () => {
    const later = (async () => {
      await new Promise(setImmediate);
      return currentActor();
    })();
    adoptActor({ kind: 'service', id: 'billing' });
    expect(await later).toEqual({ kind: 'service', id: 'billing' });
  });
  expect(currentActor()).toBeUndefined();
});
