// Making and changing templates, with the build and the fact that follow.
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import type { Tx } from '@cnap/postgres';
import { currentTraceparent } from '@cnap/telemetry';
import type { CatalogDatabase, StoredSource, TemplateRow } from '../database.ts';
import { queueBuild } from '../package/queue.ts';
import { sortedJson } from '../sorted-json.ts';
import { templateCreated, templateUpdated } from './event.ts';
import { insertTemplate, type NewTemplate, type TemplateChange, updateTemplate } from './store.ts';

type Db = Tx<CatalogDatabase>;

/** A template, and the package that is being built of it; empty when there is nothing to build. */
export type Changed = { template: TemplateRow; packageId: string };

export async function makeTemplate(tx: Db, made: Omit<NewTemplate, 'id'>): Promise<Changed> {
  const template = await insertTemplate(tx, { ...made, id: newId('tpl') });
  await publish(tx, templateCreated(template));
  const build = await queueBuild(tx, template, 'patch', currentTraceparent());
  return { template, packageId: build.id };
}

/** @param current the template as it is, locked */
export async function changeTemplate(tx: Db, current: TemplateRow, change: TemplateChange): Promise<Changed> {
  const template = await updateTemplate(tx, current.id, change);
  await publish(tx, templateUpdated(template));
  const { sources } = change;
  if (sources === undefined || built(sources) === built(current.sources)) return { template, packageId: '' };
  const build = await queueBuild(tx, template, 'patch', currentTraceparent());
  return { template, packageId: build.id };
}

/** What of the sources a package is made of: not what tools note about them. */
const built = (sources: StoredSource[]): string =>
  sortedJson(sources.map(({ metadata: _metadata, ...source }) => source));
