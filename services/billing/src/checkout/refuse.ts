import { DomainError, notFound } from '@cnap/errors';
import type { Check, CheckKind } from './check.ts';

const names: Record<CheckKind, string> = {
  product: 'PRODUCT',
  'not-own-product': 'NOT_OWN_PRODUCT',
  sellable: 'SELLABLE',
  region: 'REGION',
  inputs: 'INPUTS',
  fit: 'FIT',
};

/** Throws what a checkout with failed checks is refused with: each of them, by name, with its fields. */
export function refuseFailed(checks: readonly Check[], productId: string): void {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  if (failed.some(({ reason }) => reason === 'PRODUCT_NOT_FOUND')) throw notFound('product', productId);
  const suggestion = failed.find((check) => check.suggestion !== '')?.suggestion;
  throw new DomainError(
    'failed-precondition',
    'CHECKOUT_REFUSED',
    failed.map(({ message }) => message).join(' '),
    {
      metadata: Object.fromEntries(failed.map(({ kind, reason }) => [names[kind], reason])),
      fields: failed.flatMap(({ fields }) => fields),
      ...(suggestion === undefined ? {} : { suggestion }),
    },
  );
}
