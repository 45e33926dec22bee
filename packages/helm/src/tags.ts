import type { Files } from './archive.ts';
import { readChartFiles } from './chart.ts';

type Values = Record<string, unknown>;

/** The name of every chart that is made of sources only. */
const umbrellaName = 'cnap-package';

/**
 * Helm reads `tags`, which switch dependencies on and off, at the top of the values only. In an umbrella chart the
 * top is ours, so what a source says about its tags, in its chart or in values, is lifted there: the chart renders
 * as it does by itself.
 */
export const withLiftedTags = (files: Files, values: Values): Values => tagLifter(files)(values);

/** As {@link withLiftedTags}, for values that come later; of the files nothing else is kept. */
export function tagLifter(files: Files): (values: Values) => Values {
  const umbrella = readChartFiles(files);
  if (umbrella.name !== umbrellaName) return (values) => values;
  const own = tagsIn(umbrella.values);
  const tagged = umbrella.dependencies.flatMap(({ name, alias = name }) => {
    const inner = filesBelow(files, `charts/${alias}/`);
    if (!inner.has('Chart.yaml')) return [];
    const chart = readChartFiles(inner);
    if (!chart.dependencies.some(({ tags = [] }) => tags.length > 0)) return [];
    return [{ alias, said: { ...tagsIn(chart.values), ...tagsIn(umbrella.values[alias]) } }];
  });
  return (values) => {
    const lifted: Values = {};
    for (const { alias, said } of tagged) Object.assign(lifted, said, tagsIn(values[alias]));
    if (Object.keys(lifted).length === 0) return values;
    return { ...values, tags: { ...lifted, ...own, ...tagsIn(values) } };
  };
}

function tagsIn(values: unknown): Values {
  const tags = isObject(values) ? values['tags'] : undefined;
  return isObject(tags) ? tags : {};
}

function filesBelow(files: Files, folder: string): Files {
  const inside = [...files].filter(([path]) => path.startsWith(folder));
  return new Map(inside.map(([path, content]) => [path.slice(folder.length), content]));
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
