import { posix } from 'node:path';
import type { FileRule } from './check.ts';

/** What a package gives others to call is explained where it is declared; the members of types speak for them. */
export const documentationRules: FileRule[] = [exportsHaveTsdoc];

function* exportsHaveTsdoc({ path, lines }: Parameters<FileRule>[0], tree: Parameters<FileRule>[1]) {
  const home = /^packages\/[^/]+\/src\//.exec(path)?.[0];
  if (home === undefined || path.endsWith('.test.ts')) return;
  const index = path === `${home}index.ts` ? undefined : tree.find((each) => each.path === `${home}index.ts`);
  const exported = new Set(
    index?.imports.filter(({ target }) => target === path).flatMap(({ names }) => names),
  );
  const everything = index?.text.includes(`export * from './${posix.relative(home, path)}'`) ?? true;
  for (const [number, line] of lines.entries()) {
    const name = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const) (\w+)/.exec(
      line,
    )?.[1];
    if (name === undefined || !(everything || exported.has(name))) continue;
    const before = lines[number - 1]?.trim() ?? '';
    const isOverload = before.startsWith(`export function ${name}`);
    if (!before.endsWith('*/') && !isOverload)
      yield { line: number + 1, rule: `${name} is exported by the package: TSDoc` };
  }
}
