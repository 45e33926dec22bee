import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Violation } from './check.ts';
import type { SourceFile } from './source-tree.ts';

const partsOfService = ['README.md', 'src/main.ts', 'src/service.ts', 'src/config.ts'];

/** Every service has the same parts, every package an entry, and migrations are numbered and only ever added. */
export function anatomyRules(root: string, tree: SourceFile[]): Violation[] {
  return [...services(root, tree), ...packages(root, tree), ...migrations(root)];
}

function services(root: string, tree: SourceFile[]): Violation[] {
  const begun = foldersIn(root, 'services').filter((home) =>
    tree.some(({ path }) => path.startsWith(`${home}/src/`)),
  );
  return begun.flatMap((home) =>
    partsOfService
      .filter((part) => !existsSync(join(root, home, part)))
      .map((part) => ({ file: `${home}/${part}`, line: 1, rule: 'every service has one' })),
  );
}

function packages(root: string, tree: SourceFile[]): Violation[] {
  return foldersIn(root, 'packages')
    .filter((home) => tree.some(({ path }) => path.startsWith(`${home}/src/`)))
    .filter((home) => !existsSync(join(root, home, 'src/index.ts')))
    .map((home) => ({ file: `${home}/src/index.ts`, line: 1, rule: 'every package has this entry' }));
}

function migrations(root: string): Violation[] {
  return foldersIn(root, 'services').flatMap((home) => {
    const folder = `${home}/migrations`;
    if (!existsSync(join(root, folder))) return [];
    const files = readdirSync(join(root, folder)).filter(
      (name) => name !== 'index.ts' && name.endsWith('.ts'),
    );
    const named = files
      .filter((name) => !/^\d{4}[_-]/.test(name))
      .map((name) => ({
        file: `${folder}/${name}`,
        line: 1,
        rule: 'migrations are called 0001_what_it_does.ts',
      }));
    const numbers = files.filter((name) => /^\d{4}[_-]/.test(name)).map((name) => name.slice(0, 4));
    const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
    return [
      ...named,
      ...twice.map((number) => ({ file: folder, line: 1, rule: `two migrations have the number ${number}` })),
    ];
  });
}

function foldersIn(root: string, parent: string): string[] {
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}
