// Which sources a template has after an edit: ids and aliases of those that stay never change.
import { isVersionRange } from '../chart-repository/version.ts';
import type { JsonObject, StoredSource, WaitForKind } from '../database.ts';
import { sourceInvalid } from './invalid.ts';

/** A source as a request names it; without an id it is the one of the same chart, or else a new one. */
export type WantedSource = {
  id: string;
  repoUrl: string;
  chart: string;
  version: string;
  /** Of the chart in a Git repository. */
  path?: string;
  values: JsonObject;
  metadata?: JsonObject;
  waitFor?: WaitForKind[];
};

// Helm gives these keys of an umbrella chart's values a meaning of their own.
const reserved = ['global', 'tags', 'exports'];
const maxAliasLength = 40;

/**
 * @param current the sources before the edit
 * @throws DomainError invalid-argument SOURCE_INVALID naming the field
 */
export function editSources(
  current: StoredSource[],
  wanted: WantedSource[],
  newSourceId: () => string,
): StoredSource[] {
  for (const [index, source] of wanted.entries()) check(source, `sources[${index}]`);
  const known = new Map(current.map((source) => [source.id, source]));
  const stays = staying(current, wanted);
  const taken = new Set([...reserved, ...stays.map((id) => known.get(id)?.alias ?? '')]);
  return wanted.map(({ id: _id, ...content }, index) => {
    const id = stays[index] ?? '';
    const alias = known.get(id)?.alias ?? freeAlias(nameOf(content), taken);
    taken.add(alias);
    return { kind: 'helm_chart', id: id === '' ? newSourceId() : id, alias, ...content };
  });
}

/** For each wanted source the id of the current one that it is a change of; empty for a new one. */
function staying(current: StoredSource[], wanted: WantedSource[]): string[] {
  const claimed = new Set<string>();
  for (const [index, { id }] of wanted.entries()) {
    if (id === '') continue;
    if (!current.some((source) => source.id === id))
      throw sourceInvalid(`sources[${index}].id`, 'is not the id of a source of this template');
    if (claimed.has(id)) throw sourceInvalid(`sources[${index}].id`, 'is there twice');
    claimed.add(id);
  }
  return wanted.map((source) => {
    if (source.id !== '') return source.id;
    const same = current.find(({ id, ...other }) => !claimed.has(id) && isSameChart(source, other));
    if (same !== undefined) claimed.add(same.id);
    return same?.id ?? '';
  });
}

type Place = Pick<WantedSource, 'repoUrl' | 'chart' | 'path'>;

const isSameChart = (one: Place, other: Place): boolean =>
  bare(one.repoUrl) === bare(other.repoUrl) && one.chart === other.chart && one.path === other.path;
const bare = (url: string): string => url.replace(/\/+$/, '');

/** The name of the chart, as far as a source tells it. */
function nameOf({ repoUrl, chart, path }: Place): string {
  if (chart !== '') return lastPart(chart);
  return lastPart(path ?? '') || lastPart(repoUrl).replace(/\.git$/, '');
}

const lastPart = (text: string): string =>
  text
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .at(-1) ?? '';

function freeAlias(name: string, taken: Set<string>): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const alias = words.slice(0, maxAliasLength) || 'source';
  for (let number = 2, free = alias; ; number += 1) {
    if (!taken.has(free)) return free;
    free = `${alias}-${number}`;
  }
}

function check({ repoUrl, chart, version, path }: WantedSource, field: string): void {
  const url = URL.canParse(repoUrl) ? new URL(repoUrl) : undefined;
  const schemes = ['http:', 'https:', ...(path === undefined ? ['oci:'] : [])];
  if (url === undefined || url.host === '' || !schemes.includes(url.protocol)) {
    const known =
      path === undefined ? 'an http, https or oci URL' : 'the http or https URL of a Git repository';
    throw sourceInvalid(`${field}.helm_chart.repo_url`, `must be ${known}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw sourceInvalid(`${field}.helm_chart.repo_url`, 'must not hold a user name or password');
  }
  if (path === undefined) checkChart(chart, version, field);
  else checkPath(path, version, field);
}

function checkChart(chart: string, version: string, field: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._/-]*$/.test(chart)) {
    throw sourceInvalid(`${field}.helm_chart.chart`, 'must be the name of a chart in the repository');
  }
  if (!isVersionRange(version)) {
    throw sourceInvalid(
      `${field}.helm_chart.version`,
      'must be a version such as "1.2.3", or a range such as "^1.2" or ">=1.2 <2"',
    );
  }
}

function checkPath(path: string, version: string, field: string): void {
  if (path.startsWith('/') || path.includes('\\') || path.split('/').includes('..')) {
    throw sourceInvalid(`${field}.helm_chart.path`, 'must be a folder inside the repository');
  }
  // git-check-ref-format(1), as far as it keeps names harmless.
  if (version !== '' && !/^(?![-/.])(?!.*(\.\.|@\{|\/\/))[^\s~^:?*[\\\p{Cc}]+$/u.test(version)) {
    throw sourceInvalid(`${field}.helm_chart.version`, 'must be a branch, a tag or a commit');
  }
}
