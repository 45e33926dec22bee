import { expect, test } from 'vitest';

import { createStore, parse } from './store.ts';

const object = (index: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `m${`${index}`.padStart(5, '0')}`, namespace: 'n', uid: `uid-${index}` },
  data: { text: `Grüße ${index}`, same: 'as the others, and that for long enough to be told once only' },
});

test('what has not changed for long reads as it was written; history goes back some way, not for ever', () => {
  const store = createStore();
  const written: string[] = [];
  for (let index = 0; index < 6_000; index += 1) written.push(store.put('configmaps', object(index)).json);
  expect(store.list('configmaps', 'n').map(({ json }) => json)).toEqual(written);
  const oldest = store.get('configmaps', 'n', 'm00000');
  expect(oldest && parse(oldest)).toMatchObject({
    data: { text: 'Grüße 0' },
  });

  const now = store.version();
  expect(store.since('configmaps', now - 2_000)).toHaveLength(2_000);
  expect(store.since('configmaps', 1)).toBeUndefined();
  const [first] = store.list('configmaps');
  if (first) store.remove(first);
  const [change] = store.since('configmaps', now) ?? [];
  expect(change).toMatchObject({ type: 'DELETED', entry: { name: 'm00000' } });
  expect(change?.entry.json).toContain('Grüße 0');
});

test('a kind that is new has no history before it', () => {
  const store = createStore();
  store.put('configmaps', object(1));
  store.beginHistory('boats.example.com');
  expect(store.since('boats.example.com', 1)).toBeUndefined();
  expect(store.since('boats.example.com', store.version())).toEqual([]);
});
