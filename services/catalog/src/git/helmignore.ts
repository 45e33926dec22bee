// What Helm leaves out when it packages a folder: https://helm.sh/docs/chart_template_guide/helm_ignore_file/
import type { Files } from '@cnap/helm';
import { compileGlob } from './glob.ts';

type Rule = { matches: (path: string) => boolean; negated: boolean; foldersOnly: boolean; anchored: boolean };

/** The files of a chart's folder, without those that its .helmignore names, and without hidden templates. */
export function withoutIgnored(files: Files): Files {
  const text = Buffer.from(files.get('.helmignore') ?? '').toString('utf8');
  const rules = ['templates/.?*', ...text.split('\n')].flatMap(ruleOf);
  const kept = [...files].filter(([path]) => path === 'Chart.yaml' || !isIgnored(path, rules));
  return new Map(kept);
}

/** A folder that is ignored is ignored with everything in it. */
function isIgnored(path: string, rules: Rule[]): boolean {
  const parts = path.split('/');
  return parts.some((_, index) => {
    const isFolder = index < parts.length - 1;
    return matches(parts.slice(0, index + 1).join('/'), isFolder, rules);
  });
}

function matches(path: string, isFolder: boolean, rules: Rule[]): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return rules.some(({ matches: pattern, negated, foldersOnly, anchored }) => {
    if (foldersOnly && !isFolder) return negated;
    return pattern(anchored ? path : name) !== negated;
  });
}

/** As Helm reads it: a rule with a "/" is about the path, another about the name; `!` turns it around. */
function ruleOf(line: string): Rule[] {
  let pattern = line.trim();
  if (pattern === '' || pattern.startsWith('#') || pattern.includes('**')) return [];
  const negated = pattern.startsWith('!');
  if (negated) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes('/');
  return [{ matches: compileGlob(pattern.replace(/^\//, '')), negated, foldersOnly, anchored }];
}
