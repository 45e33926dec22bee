import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { packChart } from './chart.ts';
import { ChartFolders } from './chart-folders.ts';

const chart = (name = 'shop') =>
  packChart({ files: { 'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name, version: '1.0.0' }) } });

const isThere = (folder: string) => existsSync(join(folder, 'chart', 'Chart.yaml'));

test('the same bytes are unpacked once, and removed in the end', async () => {
  const folders = new ChartFolders();
  const bytes = chart();
  const used: string[] = [];
  const look = () =>
    folders.use(bytes, async ({ folder }) => {
      used.push(folder);
      expect(isThere(folder)).toBe(true);
    });
  await Promise.all([look(), look()]);
  await look();
  expect(new Set(used).size).toBe(1);
  await folders[Symbol.asyncDispose]();
  expect(used.some(isThere)).toBe(false);
});

test('of many charts the ones used last stay, and what is in use', async () => {
  await using folders = new ChartFolders();
  const first = chart('first');
  const seen: string[] = [];
  await folders.use(first, async ({ folder }) => {
    for (let index = 0; index < 34; index += 1) {
      await folders.use(chart(`other-${index}`), async (other) => seen.push(other.folder));
    }
    expect(isThere(folder)).toBe(true);
    seen.push(folder);
  });
  const inUse = seen.pop() ?? '';
  // Used last of all, but begun first: nobody has it now, and it is the oldest.
  expect(isThere(inUse)).toBe(false);
  expect(seen.filter(isThere)).toEqual(seen.slice(-32));
});

test('after an hour it is unpacked anew, under nobody’s hands', async () => {
  let now = 0;
  await using folders = new ChartFolders(() => now);
  const bytes = chart();
  await folders.use(bytes, async (before) => {
    now += 3_600_000;
    await folders.use(bytes, async (after) => {
      expect(after.folder).not.toBe(before.folder);
      expect([before.folder, after.folder].every(isThere)).toBe(true);
    });
  });
});

test('what cannot be unpacked is told each time and keeps nothing', async () => {
  await using folders = new ChartFolders();
  const damaged = new Uint8Array([1, 2, 3]);
  const unpack = () => folders.use(damaged, async () => undefined);
  await expect(unpack()).rejects.toMatchObject({ reason: 'ARCHIVE_INVALID' });
  await expect(unpack()).rejects.toMatchObject({ reason: 'ARCHIVE_INVALID' });
});
