import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type Files, readArchive } from './archive.ts';
import { chartFiles } from './chart.ts';
import { asksForKinds, usesLookup } from './lookup.ts';
import { notesTemplates } from './notes.ts';
import { tagLifter } from './tags.ts';

type Values = Record<string, unknown>;

/** A chart as Helm reads it, in the folder `chart` of a folder of its own, and what there is to know of its files. */
export type UnpackedChart = AsyncDisposable & {
  folder: string;
  /** Of its files together. */
  bytes: number;
  usesLookup: boolean;
  asksForKinds: boolean;
  withLiftedTags: (values: Values) => Values;
};

/** Writes a chart where Helm can read it; disposing removes it. */
export async function unpackChart(chart: Uint8Array | Files | string): Promise<UnpackedChart> {
  const files = await filesOf(chart);
  const known = {
    bytes: [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    usesLookup: usesLookup(files),
    asksForKinds: asksForKinds(files),
    withLiftedTags: tagLifter(files),
  };
  const folder = await mkdtemp(join(tmpdir(), 'cnap-helm-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await writeChart(join(folder, 'chart'), files);
  } catch (error) {
    await remove();
    throw error;
  }
  return { ...known, folder, [Symbol.asyncDispose]: remove };
}

async function filesOf(chart: Uint8Array | Files | string): Promise<Files> {
  if (chart instanceof Map) return chart;
  return chartFiles(readArchive(typeof chart === 'string' ? await readFile(chart) : chart));
}

async function writeChart(folder: string, files: Files): Promise<void> {
  const all: [string, Uint8Array | string][] = [...files, ...notesTemplates(files)];
  // A packaged chart has been through its .helmignore; Helm would apply it again, to a folder only.
  const wanted = all.filter(([path]) => path !== '.helmignore');
  const folders = new Set(wanted.map(([path]) => dirname(join(folder, path))));
  for (const one of folders) await mkdir(one, { recursive: true });
  for (const [path, content] of wanted) await writeFile(join(folder, path), content, { flag: 'wx' });
}
