import { createHash } from 'node:crypto';
import { readChart } from '@cnap/helm';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startChartRepository } from './chart-repository.ts';

type Index = { entries: Record<string, { version: string; urls: string[]; digest: string }[]> };

test('the sample chart is in the index with its digest, and is a chart', async () => {
  await using repository = await startChartRepository(0);
  const { entries } = parse(await (await fetch(`${repository.url}/index.yaml`)).text()) as Index;
  const [entry] = entries['sample'] ?? [];
  const bytes = await (await fetch(`${repository.url}/${entry?.urls[0]}`)).bytes();
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(entry?.digest);
  expect(readChart(bytes)).toMatchObject({ name: 'sample', version: entry?.version });
});

test('the same charts make the same archive, and what is not there is 404', async () => {
  await using one = await startChartRepository(0);
  await using other = await startChartRepository(0);
  const indexes = await Promise.all(
    [one, other].map(async ({ url }) => (await fetch(`${url}/index.yaml`)).text()),
  );
  expect(indexes[0]).toBe(indexes[1]);
  expect((await fetch(`${one.url}/../package.json`)).status).toBe(404);
});
