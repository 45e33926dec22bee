import { DomainError } from '@cnap/errors';
import { type KubeObject, objectKey, refOf } from '@cnap/kubernetes';

import type { Files } from './archive.ts';
import { readChartFiles } from './chart.ts';
import type { Hook } from './hook.ts';
import type { Rendered } from './render.ts';

/** Beside the templates of a chart: what its objects were given that would come out differently now. */
const pinsFile = 'cnap-generated.json';

type Fields = Record<string, unknown>;

/**
 * A chart that renders what a release applied, generated passwords and certificates included: each template whose
 * objects come out differently now puts in what the release has. Everything else in it is as it was, and goes on
 * following its values.
 * @param rendered what the chart, as it is, renders now
 * @param applied what the release applied
 * @throws DomainError `CHART_INVALID` when a template cannot be found
 */
export function pinnedChart(
  files: Files,
  rendered: Rendered,
  applied: { objects: KubeObject[]; hooks: Hook[] },
): Files {
  const wanted = new Map(
    [...applied.objects, ...applied.hooks.map(({ object }) => object)].map((object) => [
      keyOf(object),
      object,
    ]),
  );
  const sourced = [
    ...rendered.objects.map((object, index) => ({ object, source: rendered.sources[index] })),
    ...rendered.hooks,
  ];
  const pinned: Files = new Map(files);
  const byTemplate = Map.groupBy(sourced, ({ source }) => source ?? '');
  for (const [source, entries] of byTemplate) {
    const pins = entries.flatMap(({ object }) => {
      const before = wanted.get(keyOf(object));
      const pin = before && differences(object, before);
      return pin === undefined ? [] : [{ object, pin, before: before ?? object }];
    });
    if (pins.length === 0) continue;
    const path = templateOf(files, source);
    const text = Buffer.from(files.get(path) ?? '').toString('utf8');
    // A template that defines others cannot be wrapped; it gives what it gave.
    if (/\{\{-?\s*(define|block)\b/.test(text)) {
      pinned.set(
        path,
        Buffer.from(literal(entries.map(({ object }) => wanted.get(keyOf(object)) ?? object))),
      );
      continue;
    }
    const folder = path.slice(0, path.lastIndexOf('templates/'));
    addPins(pinned, `${folder}${pinsFile}`, pins);
    const name = `cnap.generated.${path}`;
    pinned.set(
      path.replace(/([^/]+)$/, '_cnap-$1.tpl'),
      Buffer.from(`{{ define "${name}" }}\n${text}\n{{ end }}\n`),
    );
    pinned.set(path, Buffer.from(wrapper(name)));
  }
  return pinned;
}

const keyOf = (object: KubeObject): string => objectKey({ ...refOf(object), namespace: '' });

const wrapper = (name: string): string => `{{- /* As it was, with what was generated once. */ -}}
{{- $pins := .Files.Get "${pinsFile}" | fromJson }}
{{- range $text := regexSplit "(?m)^---\\\\s*$" (include "${name}" .) -1 }}
{{- $object := fromYaml $text }}
{{- if $object.kind }}
{{- with index $pins (printf "%s/%s" $object.kind $object.metadata.name) }}
{{- $object = mergeOverwrite $object . }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
`;

/** JSON is YAML; text that looks like a template is not to be one. */
const literal = (objects: KubeObject[]): string =>
  objects.map((object) => `---\n${JSON.stringify(object).replaceAll('{{', '{{ "{{" }}')}\n`).join('');

function addPins(files: Files, path: string, pins: { object: KubeObject; pin: unknown }[]): void {
  const known = JSON.parse(Buffer.from(files.get(path) ?? '{}').toString('utf8')) as Fields;
  for (const { object, pin } of pins) known[`${object.kind}/${object.metadata.name}`] = pin;
  files.set(path, Buffer.from(JSON.stringify(known, null, 2)));
}

/** What has to be merged over `now` to make it `before`; undefined when nothing. Lists are taken whole. */
function differences(now: unknown, before: unknown): unknown {
  if (JSON.stringify(now) === JSON.stringify(before)) return undefined;
  if (!isFields(now) || !isFields(before)) return before;
  const changed: Fields = {};
  for (const [key, value] of Object.entries(before)) {
    const difference = key in now ? differences(now[key], value) : value;
    if (difference !== undefined) changed[key] = difference;
  }
  return Object.keys(changed).length === 0 ? undefined : changed;
}

/** The file of a template that Helm names by the charts it is in: `package/charts/app/templates/x.yaml`. */
function templateOf(files: Files, source: string): string {
  const parts = source.split('/').slice(1);
  let folder = '';
  while (parts[0] === 'charts' && parts.length > 2) {
    const name = parts[1] ?? '';
    folder = chartFolder(files, folder, name) ?? `${folder}charts/${name}/`;
    parts.splice(0, 2);
  }
  const path = folder + parts.join('/');
  if (files.has(path)) return path;
  throw new DomainError('failed-precondition', 'CHART_INVALID', `The template ${source} cannot be found.`);
}

/** The folder of a chart in a chart, by its name or its alias. */
function chartFolder(files: Files, parent: string, name: string): string | undefined {
  const { dependencies } = readChartFiles(below(files, parent));
  const real = dependencies.find(({ alias }) => alias === name)?.name ?? name;
  for (const path of files.keys()) {
    if (!path.startsWith(`${parent}charts/`) || !path.endsWith('/Chart.yaml')) continue;
    const folder = path.slice(0, -'Chart.yaml'.length);
    if (folder.slice(parent.length).split('/').length !== 3) continue;
    if (readChartFiles(below(files, folder)).name === real) return folder;
  }
  return undefined;
}

function below(files: Files, folder: string): Files {
  const inside = [...files].filter(([path]) => path.startsWith(folder));
  return new Map(inside.map(([path, content]) => [path.slice(folder.length), content]));
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
