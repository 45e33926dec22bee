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

/** What the fit check says when no cluster in the region answers: one may the next time. */
const passing = 'CLUSTER_UNAVAILABLE';

/**
 * Throws what a checkout with failed checks is refused with: each of them, by name, with its fields.
 * @throws DomainError not-found; unavailable when asking again may be enough; failed-precondition
 */
export function refuseFailed(checks: readonly Check[], productId: string): void {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  if (failed.some(({ reason }) => reason === 'PRODUCT_NOT_FOUND')) throw notFound('product', productId);
  const suggestion = failed.find((check) => check.suggestion !== '')?.suggestion;
  throw new DomainError(
    failed.every(({ reason }) => reason === passing) ? 'unavailable' : 'failed-precondition',
    'CHECKOUT_REFUSED',
    failed.map(({ message }) => message).join(' '),
    {
      metadata: Object.fromEntries(failed.map(({ kind, reason }) => [names[kind], reason])),
      fields: failed.flatMap(({ fields }) => fields),
      ...(suggestion === undefined ? {} : { suggestion }),
    },
  );
}
