import { DomainError } from '@cnap/errors';
import type { InstallUsage, OrderUsage, Usage } from '../peer/usage-port.ts';

/** @throws DomainError failed-precondition PRODUCT_IN_USE naming installs or orders; unavailable without an answer */
export async function refuseInUse(
  deps: { installs: InstallUsage; orders: OrderUsage },
  productId: string,
  signal: AbortSignal,
): Promise<void> {
  refuse('active install', await deps.installs.ofProduct(productId, signal));
  refuse('live order', await deps.orders.ofProduct(productId, signal));
}

function refuse(what: string, { count, exampleIds }: Usage): void {
  if (count === 0) return;
  const more = count > exampleIds.length ? ', …' : '';
  throw new DomainError(
    'failed-precondition',
    'PRODUCT_IN_USE',
    `The product has ${count} ${what}${count === 1 ? '' : 's'}: ${exampleIds.join(', ')}${more}.`,
    {
      metadata: { count: String(count), examples: exampleIds.join(',') },
      suggestion: 'Retire the product instead: what runs keeps running.',
    },
  );
}
