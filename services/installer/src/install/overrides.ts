import { DomainError } from '@cnap/errors';
import type { SourceValues } from '@cnap/proto/cnap/installer/v1/install_service';
import type { Keyring } from '@cnap/secrets';
import type { InstallRow } from '../database.ts';
import type { PackageSeen } from './port.ts';

type Values = Record<string, unknown>;
/** Helm values by source id. */
export type Overrides = Record<string, Values>;

const maxBytes = 256 * 1024;

/** Sealed with an install or a release: values hold passwords. */
export const sealOverrides = (keyring: Keyring, id: string, overrides: Overrides): Uint8Array | null =>
  Object.keys(overrides).length === 0 ? null : keyring.seal(JSON.stringify(overrides), id);

export const openOverrides = (keyring: Keyring, id: string, sealed: Uint8Array | null): Overrides =>
  sealed === null ? {} : (JSON.parse(keyring.openText(sealed, id)) as Overrides);

/** The overrides with those of some sources replaced; empty values take a source's away. */
export function replaceOverrides(before: Overrides, updates: readonly SourceValues[]): Overrides {
  const after = new Map(Object.entries(before));
  for (const { sourceId, values = {} } of updates) {
    if (Object.keys(values).length === 0) after.delete(sourceId);
    else after.set(sourceId, values);
  }
  return Object.fromEntries(after);
}

/**
 * Values over values, as Helm puts one file over another: objects are merged, anything else is replaced, and null
 * takes a chart's default away.
 */
export function mergeValues(under: Values, over: Values): Values {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isObject(below) && isObject(value) ? mergeValues(below, value) : value);
  }
  return Object.fromEntries(merged);
}

/** A release's values with this install's overrides on top, each under its source's alias. */
export function withOverrides(values: Values, overrides: Overrides, pack: PackageSeen): Values {
  return pack.sources.reduce((all, { id, alias }) => {
    const own = overrides[id];
    return own ? mergeValues(all, { [alias]: own }) : all;
  }, values);
}

/** @throws DomainError invalid-argument SOURCE_NOT_FOUND, naming each place */
export function refuseBadUpdates(
  field: 'overrides' | 'updates' | 'values',
  updates: readonly SourceValues[],
  sourceIds: readonly string[],
): void {
  const seen = new Set<string>();
  const fields = updates.flatMap(({ sourceId, values = {} }, index) => {
    const place = `${field}[${index}]`;
    const twice = seen.has(sourceId);
    seen.add(sourceId);
    if (!sourceIds.includes(sourceId)) {
      return [
        {
          field: `${place}.source_id`,
          description: `is not a source of the template: ${sourceIds.join(', ')}`,
        },
      ];
    }
    if (twice) return [{ field: `${place}.source_id`, description: 'is named twice' }];
    const size = Buffer.byteLength(JSON.stringify(values));
    return size > maxBytes ? [{ field: `${place}.values`, description: 'is larger than 256 KiB' }] : [];
  });
  if (fields.length === 0) return;
  throw new DomainError(
    'invalid-argument',
    'SOURCE_NOT_FOUND',
    'The values do not fit the template’s sources.',
    {
      fields,
      suggestion: 'Read the template: its sources and their ids are in helm_sources.',
    },
  );
}

/** What an install has of its own. */
export const overridesOf = (keyring: Keyring, row: InstallRow): Overrides =>
  openOverrides(keyring, row.id, row.sealed_overrides);

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
