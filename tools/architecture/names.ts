import type { FileRule } from './check.ts';

/** Names and sizes. */
export const nameRules: FileRule[] = [kebabCase, bannedPaths, bannedDeclarations, size];

const banned = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'shared',
  'manager',
  'base',
  'impl',
  'misc',
]);
const layers = new Set([
  'controllers',
  'handlers',
  'repositories',
  'services',
  'models',
  'dto',
  'types',
  'lib',
  'core',
]);
const maxLines = 400;
const maxTestLines = 600;

function* kebabCase({ path }: Parameters<FileRule>[0]) {
  for (const [index, name] of path.split('/').entries()) {
    if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(name)) continue;
    if (/\/migrations\/\d{4}_[a-z0-9]+([_-][a-z0-9]+)*\.ts$/.test(path) && index > 1) continue;
    yield { line: 1, rule: `${name} is not kebab-case` };
  }
}

function* bannedPaths({ path }: Parameters<FileRule>[0]) {
  const parts = path.split('/');
  for (const word of parts.flatMap((part) => part.split(/[-._]/))) {
    if (banned.has(word)) yield { line: 1, rule: `"${word}" says nothing: name the file after what it does` };
  }
  for (const folder of parts.slice(3, -1)) {
    if (path.startsWith('services/') && layers.has(folder)) {
      yield { line: 1, rule: `"${folder}" is a layer: folders are resources or outside systems` };
    }
  }
}

function* bannedDeclarations({ lines }: Parameters<FileRule>[0]) {
  for (const [index, line] of lines.entries()) {
    const name = /^(?:export )?(?:abstract )?(?:async )?(?:class|interface|type|function) (\w+)/.exec(
      line,
    )?.[1];
    if (name === undefined) continue;
    const word = name.split(/(?=[A-Z])/).find((each) => banned.has(each.toLowerCase()));
    if (word) yield { line: index + 1, rule: `${name}: "${word.toLowerCase()}" says nothing` };
    if (/^I[A-Z][a-z]/.test(name)) yield { line: index + 1, rule: `${name}: interfaces have no prefix I` };
  }
}

function* size({ isTest, lines }: Parameters<FileRule>[0]) {
  const most = isTest ? maxTestLines : maxLines;
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (count > most)
    yield { line: most + 1, rule: `${count} lines, at most ${most}: split it into a sub-resource` };
}
