import { anatomyRules } from './anatomy.ts';
import { documentationRules } from './documentation.ts';
import { nameRules } from './names.ts';
import { readSourceTree, type SourceFile } from './source-tree.ts';
import { serviceFileRules } from './service-files.ts';
import { workspaceRules } from './workspace.ts';

export interface Violation {
  file: string;
  line: number;
  /** What is wrong and what to do, in one line. */
  rule: string;
}

/** A rule looks at one file and yields what is wrong with it. */
export type FileRule = (file: SourceFile, tree: SourceFile[]) => Iterable<{ line: number; rule: string }>;

const rules: FileRule[] = [...workspaceRules, ...serviceFileRules, ...nameRules, ...documentationRules];

/** Everything in the repository at `root` that breaks a rule, in the order of file and line. */
export function checkArchitecture(root: string): Violation[] {
  const tree = readSourceTree(root);
  const inFiles = tree.flatMap((file) =>
    rules.flatMap((rule) => [...rule(file, tree)].map((found) => ({ file: file.path, ...found }))),
  );
  return [...inFiles, ...anatomyRules(root, tree)].toSorted(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line,
  );
}
