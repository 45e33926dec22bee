import { DomainError } from '@cnap/errors';
import type { Tx } from '@cnap/postgres';
import type { CatalogDatabase } from '../database.ts';
import type { InstallUsage } from '../peer/usage-port.ts';
import { productsOfTemplate } from '../product/store.ts';

/** @throws DomainError failed-precondition TEMPLATE_IN_USE naming products that use the template */
export async function checkUnused(tx: Tx<CatalogDatabase>, templateId: string): Promise<void> {
  const { count, exampleIds } = await productsOfTemplate(tx, templateId);
  if (count > 0) throw inUse('product', count, exampleIds);
}

/** @throws DomainError failed-precondition TEMPLATE_IN_USE naming installs; unavailable without an answer */
export async function refuseInstalled(
  usage: InstallUsage,
  templateId: string,
  signal: AbortSignal,
): Promise<void> {
  const { count, exampleIds } = await usage.ofTemplate(templateId, signal);
  if (count > 0) throw inUse('install', count, exampleIds);
}

const inUse = (what: string, count: number, examples: string[]): DomainError =>
  new DomainError(
    'failed-precondition',
    'TEMPLATE_IN_USE',
    `The template is used by ${count} ${what}${count === 1 ? '' : 's'}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}.`,
    {
      metadata: { count: String(count), examples: examples.join(',') },
      suggestion: `Delete the ${what}s first.`,
    },
  );
