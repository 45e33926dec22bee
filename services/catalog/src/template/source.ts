// Which sources a template has after an edit: ids and aliases of those that stay never change.
import { DomainError } from '@cnap/errors';
import type { JsonObject, StoredSource } from '../database.ts';
import { isVersionRange } from '../chart-repository/version.ts';

/** A source as a request names it; without an id it is a new one. */
export type WantedSource = {
  id: string;
  repoUrl: string;
  chart: string;
  version: string;
  values: JsonObject;
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
  const known = new Map(current.map((source) => [source.id, source]));
  const seen = new Set<string>();
  for (const [index, { id }] of wanted.entries()) {
    if (id === '') continue;
    if (!known.has(id))
      throw sourceInvalid(`sources[${index}].id`, 'is not the id of a source of this template');
    if (seen.has(id)) throw sourceInvalid(`sources[${index}].id`, 'is there twice');
    seen.add(id);
  }
  const taken = new Set([...reserved, ...[...seen].map((id) => known.get(id)?.alias ?? '')]);
  return wanted.map((source, index) => {
    check(source, `sources[${index}]`);
    const { id, ...content } = source;
    const alias = known.get(id)?.alias ?? freeAlias(source.chart, taken);
    taken.add(alias);
    return { kind: 'helm_chart', id: id === '' ? newSourceId() : id, alias, ...content };
  });
}

function freeAlias(chart: string, taken: Set<string>): string {
  const name = chart.split('/').at(-1) ?? chart;
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

function check({ repoUrl, version }: WantedSource, field: string): void {
  const url = URL.canParse(repoUrl) ? new URL(repoUrl) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw sourceInvalid(`${field}.helm_chart.repo_url`, 'must be an http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw sourceInvalid(`${field}.helm_chart.repo_url`, 'must not hold a user name or password');
  }
  if (!isVersionRange(version)) {
    throw sourceInvalid(
      `${field}.helm_chart.version`,
      'must be a version such as "1.2.3", or a range such as "^1.2" or ">=1.2 <2"',
    );
  }
}

/** A field of a source is not acceptable. */
export function sourceInvalid(field: string, description: string): DomainError {
  return new DomainError('invalid-argument', 'SOURCE_INVALID', `${field} ${description}.`, {
    fields: [{ field, description }],
  });
}
