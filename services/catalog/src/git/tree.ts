// The files of a folder of a commit.
import { DomainError } from '@cnap/errors';
import { type Files, sourceLimits } from '@cnap/helm';
import type { GitObject, GitObjects } from './pack.ts';
import { answerInvalid } from './pkt-line.ts';

type TreeEntry = { mode: string; name: string; oid: string };

const folderMode = '40000';
const linkMode = '120000';
const moduleMode = '160000';
const maxDepth = 20;

/**
 * @param path folders separated by "/"; "." and empty parts are nothing
 * @returns the files by their paths below the folder; undefined when there is no such folder
 * @throws DomainError SOURCE_INVALID for links, submodules and names that lead elsewhere, SOURCE_TOO_LARGE
 */
export function filesOf(objects: GitObjects, commit: string, path: string): Files | undefined {
  let tree = rootOf(objects, commit);
  for (const part of path.split('/').filter((one) => one !== '' && one !== '.')) {
    const entry = entriesOf(objects, tree).find(({ name }) => name === part);
    if (entry === undefined) return undefined;
    if (entry.mode !== folderMode) throw notReadable(path, entry, 'is not a folder');
    tree = entry.oid;
  }
  const files: Files = new Map();
  let size = 0;
  const read = (oid: string, folder: string, depth: number): void => {
    if (depth > maxDepth) throw tooLarge(`${path} is nested deeper than ${maxDepth} folders`);
    for (const entry of entriesOf(objects, oid)) {
      const name = `${folder}${entry.name}`;
      if (/^\.{0,2}$|[/\\\0]/.test(entry.name)) throw notReadable(name, entry, 'is no name of a file');
      if (entry.mode === linkMode || entry.mode === moduleMode) throw notReadable(name, entry);
      if (entry.mode === folderMode) {
        read(entry.oid, `${name}/`, depth + 1);
        continue;
      }
      const { bytes } = get(objects, entry.oid, 'blob');
      size += bytes.byteLength;
      files.set(name, bytes);
      if (size > sourceLimits.maxUnpackedBytes) {
        throw tooLarge(`${path} holds more than ${sourceLimits.maxUnpackedBytes / 1024 / 1024} MiB`);
      }
      if (files.size > sourceLimits.maxEntries) {
        throw tooLarge(`${path} holds more than ${sourceLimits.maxEntries} files`);
      }
    }
  };
  read(tree, '', 0);
  return files;
}

function rootOf(objects: GitObjects, commit: string): string {
  const text = Buffer.from(get(objects, commit, 'commit').bytes).toString('latin1');
  const root = /^tree ([0-9a-f]{40})\n/.exec(text)?.[1];
  if (root === undefined) throw answerInvalid('holds a commit that is damaged');
  return root;
}

function entriesOf(objects: GitObjects, oid: string): TreeEntry[] {
  const bytes = Buffer.from(get(objects, oid, 'tree').bytes);
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const end = bytes.indexOf(0, at);
    const [, mode, name] = /^([0-7]{5,6}) (.+)$/s.exec(bytes.toString('utf8', at, end)) ?? [];
    if (end < 0 || end + 21 > bytes.byteLength || mode === undefined || name === undefined) {
      throw answerInvalid('holds a tree that is damaged');
    }
    entries.push({ mode, name, oid: bytes.toString('hex', end + 1, end + 21) });
    at = end + 21;
  }
  return entries;
}

function get(objects: GitObjects, oid: string, type: GitObject['type']): GitObject {
  const object = objects.get(oid);
  if (object?.type !== type) throw answerInvalid(`does not hold the ${type} ${oid}`);
  return object;
}

const kinds: Record<string, string> = {
  [linkMode]: 'is a symbolic link, which is not followed',
  [moduleMode]: 'is a submodule, which is not read',
};

const notReadable = (path: string, { mode }: TreeEntry, problem = ''): DomainError =>
  new DomainError(
    'failed-precondition',
    'SOURCE_INVALID',
    `In the repository ${JSON.stringify(path.slice(0, 200))} ${kinds[mode] ?? problem}.`,
  );

const tooLarge = (problem: string): DomainError =>
  new DomainError('resource-exhausted', 'SOURCE_TOO_LARGE', `In the repository ${problem}.`);
