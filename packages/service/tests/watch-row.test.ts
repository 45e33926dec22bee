import { eventually } from '@cnap/testing';
import { expect, test } from 'vitest';
import { watchRow } from '../src/index.ts';

type Row = { version: string };

function aTable() {
  const table = { row: { version: '1' } as Row | undefined, notify: () => undefined as void, listening: 0 };
  const db = {
    listen(_channel: string, notified: () => void) {
      table.listening += 1;
      table.notify = notified;
      return {
        [Symbol.dispose]: () => {
          table.listening -= 1;
        },
      };
    },
  };
  return { table, db };
}

function follow(signal: AbortSignal) {
  const { table, db } = aTable();
  const seen: string[] = [];
  const ended = (async () => {
    const rows = watchRow({
      db,
      channel: 'changed',
      signal,
      read: async () => table.row,
      versionOf: ({ version }) => version,
    });
    for await (const { version } of rows) seen.push(version);
  })();
  return { table, seen, ended };
}

test('a row is told at once, after each change, and once per version', async () => {
  const stop = new AbortController();
  const { table, seen, ended } = follow(stop.signal);
  await eventually(() => seen.length === 1);
  table.notify();
  table.row = { version: '2' };
  table.notify();
  await eventually(() => seen.length === 2);
  stop.abort();
  await ended;
  expect(seen).toEqual(['1', '2']);
  expect(table.listening).toBe(0);
});

test('a change whose notification was lost is seen by the poll', async () => {
  const stop = new AbortController();
  const { table, seen, ended } = follow(stop.signal);
  await eventually(() => seen.length === 1);
  table.row = { version: '2' };
  await eventually(() => seen.length === 2);
  stop.abort();
  await ended;
  expect(seen).toEqual(['1', '2']);
});

test('it ends when the row is gone', async () => {
  const { table, seen, ended } = follow(new AbortController().signal);
  await eventually(() => seen.length === 1);
  table.row = undefined;
  table.notify();
  await ended;
  expect(table.listening).toBe(0);
});
