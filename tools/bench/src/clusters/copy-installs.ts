import { randomUUID } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortId } from '@cnap/ids';

/** An install on a cluster, and the ids of those that are to be there as well, alike in everything else. */
export type Copies = { id: string; namespace: string; to: string[] };

type Line = ['put', string, Stored] | ['remove', string, string, string, number];
type Stored = { metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string } };

/** Writes them into the data of a simulated cluster that is stopped: a line per object, as it does itself. */
export async function copyInstalls(folder: string, { id, namespace, to }: Copies): Promise<void> {
  const file = join(folder, 'objects.jsonl');
  const { objects, version } = objectsOf(await readFile(file, 'utf8'), namespace);
  const texts = objects.map((line) => JSON.stringify(line));
  const uids = objects.flatMap(([, , { metadata }]) => metadata.uid ?? []);
  let next = version;
  for (const copy of to) {
    const names: [string, string][] = [
      [id, copy],
      [shortId(id), shortId(copy)],
      ...uids.map((uid): [string, string] => [uid, randomUUID()]),
    ];
    const lines = texts.map((text) => {
      const [what, key, object] = JSON.parse(renamed(text, names)) as Extract<Line, ['put', ...unknown[]]>;
      object.metadata.resourceVersion = String((next += 1));
      return `${JSON.stringify([what, key, object])}\n`;
    });
    await appendFile(file, lines.join(''));
  }
}

const renamed = (text: string, names: readonly [string, string][]): string =>
  names.reduce((so, [before, now]) => so.replaceAll(before, now), text);

/** What is in a namespace, it among them, and the newest version of anything. */
function objectsOf(text: string, namespace: string) {
  const objects = new Map<string, Extract<Line, ['put', ...unknown[]]>>();
  let version = 0;
  for (const one of text.split('\n').filter(Boolean)) {
    const line = JSON.parse(one) as Line;
    if (line[0] === 'remove') {
      version = Math.max(version, line[4]);
      objects.delete(`${line[1]}/${line[2]}/${line[3]}`);
      continue;
    }
    const [, key, { metadata }] = line;
    version = Math.max(version, Number(metadata.resourceVersion));
    const isNamespace = metadata.namespace === undefined && metadata.name === namespace;
    if (metadata.namespace === namespace || isNamespace) {
      objects.set(`${key}/${metadata.namespace ?? ''}/${metadata.name}`, line);
    }
  }
  return { objects: [...objects.values()], version };
}
