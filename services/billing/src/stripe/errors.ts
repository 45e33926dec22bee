import { DomainError } from '@cnap/errors';
import { Stripe } from 'stripe';

/** Stripe refused: the same call will be refused again. */
export const isRefusal = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.reason === 'STRIPE_REFUSED';

/** The object is not there, or no longer. */
export const isMissing = (error: unknown): error is DomainError =>
  isRefusal(error) && error.metadata['stripe_code'] === 'resource_missing';

/** The account is not, or no longer, ours to work with. */
export const isAccountLost = (error: unknown): error is DomainError =>
  isRefusal(error) && error.metadata['stripe_code'] === 'account_invalid';

// 409 lock_timeout and 409 idempotency_key_in_use: somebody else holds the object or the key for a moment.
const passing = new Set(['lock_timeout', 'idempotency_key_in_use', 'rate_limit']);

/**
 * Translates what the SDK throws; https://docs.stripe.com/api/errors. Transient: STRIPE_UNAVAILABLE, to be tried again.
 * Permanent: STRIPE_REFUSED with Stripe's own words.
 */
export function stripeError(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const transient =
    error instanceof Stripe.errors.StripeConnectionError ||
    error instanceof Stripe.errors.StripeAPIError ||
    error instanceof Stripe.errors.StripeRateLimitError ||
    (error.statusCode ?? 500) >= 500 ||
    passing.has(error.code ?? '');
  if (transient) {
    return new DomainError('unavailable', 'STRIPE_UNAVAILABLE', 'Stripe cannot be reached at the moment.', {
      suggestion: 'Try again in a moment.',
      cause: error,
    });
  }
  if (error instanceof Stripe.errors.StripeAuthenticationError) {
    return new DomainError(
      'internal',
      'STRIPE_CREDENTIAL_INVALID',
      'Stripe does not accept the platform’s key.',
      {
        cause: error,
      },
    );
  }
  return new DomainError('failed-precondition', 'STRIPE_REFUSED', `Stripe refused: ${error.message}`, {
    metadata: {
      ...(error.code === undefined ? {} : { stripe_code: error.code }),
      ...(error.decline_code === undefined ? {} : { decline_code: error.decline_code }),
      ...(error.param === undefined ? {} : { stripe_param: error.param }),
    },
    cause: error,
  });
}
