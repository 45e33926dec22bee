import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Import {
  line: number;
  from: string;
  /** The file it leads to, relative to the root, when it is a relative one. */
  target: string | undefined;
  /** `import type`, or all its names are types: gone before the program runs. */
  typeOnly: boolean;
  names: string[];
}

export interface SourceFile {
  /** Relative to the root, with slashes: `services/billing/src/order/rpc.ts`. */
  path: string;
  text: string;
  lines: string[];
  imports: Import[];
  /** `services/billing`: the workspace package it belongs to; undefined for files at the root and of tools/. */
  home: string | undefined;
  isTest: boolean;
}

const roots = ['packages', 'services', 'tools'];
const skipped = new Set(['node_modules', 'gen', 'dist', 'coverage', 'fixtures']);

/** All TypeScript of the repository but generated code. */
export function readSourceTree(root: string): SourceFile[] {
  return roots.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => read(root, folder));
}

function read(root: string, folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      return skipped.has(entry.name) || entry.name.startsWith('.') ? [] : read(root, path);
    }
    return /\.(ts|mts|mjs|js)$/.test(entry.name) ? [parse(root, path)] : [];
  });
}

function parse(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const [top, name] = path.split('/');
  const home = `${top}/${name}`;
  return {
    path,
    text,
    lines: text.split('\n'),
    imports: importsOf(path, text),
    home: existsSync(join(root, home, 'package.json')) ? home : undefined,
    isTest: path.endsWith('.test.ts') || path.includes('/tests/'),
  };
}

const statement = /^(?:import|export)\b([^;'"`=]*?)\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g;

export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (index: number, from: string, clause: string) => {
    const names =
      /\{([\s\S]*)\}/
        .exec(clause)?.[1]
        ?.split(',')
        .map((each) => each.trim())
        .filter(Boolean) ?? [];
    found.push({
      line: text.slice(0, index).split('\n').length,
      from,
      target: from.startsWith('.') ? posix.join(posix.dirname(path), from) : undefined,
      typeOnly:
        /^\s*type\b/.test(clause) || (names.length > 0 && names.every((each) => each.startsWith('type '))),
      names: names.map((each) => each.replace(/^type /, '').replace(/ as .*/, '')),
    });
  };
  for (const match of text.matchAll(statement)) add(match.index, match[2] ?? match[3] ?? '', match[1] ?? '');
  for (const match of text.matchAll(dynamic)) add(match.index, match[1] ?? '', '');
  return found.toSorted((a, b) => a.line - b.line);
}
