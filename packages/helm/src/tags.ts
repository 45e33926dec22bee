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
export function withLiftedTags(files: Files, values: Values): Values {
  const umbrella = readChartFiles(files);
  if (umbrella.name !== umbrellaName) return values;
  let lifted: Values = {};
  for (const { name, alias = name } of umbrella.dependencies) {
    const inner = filesBelow(files, `charts/${alias}/`);
    if (!inner.has('Chart.yaml')) continue;
    const chart = readChartFiles(inner);
    if (!chart.dependencies.some(({ tags = [] }) => tags.length > 0)) continue;
    lifted = {
      ...lifted,
      ...tagsIn(chart.values),
      ...tagsIn(umbrella.values[alias]),
      ...tagsIn(values[alias]),
    };
  }
  if (Object.keys(lifted).length === 0) return values;
  return { ...values, tags: { ...lifted, ...tagsIn(umbrella.values), ...tagsIn(values) } };
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
