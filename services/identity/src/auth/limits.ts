import type { Database } from '../database.ts';
import { addressSubject, giveBack, takeFrom, type Limit } from '../rate-limit/limit.ts';

/** One call to better-auth, as far as its limits depend on it. */
export type AuthCall = { path: string; body: Record<string, unknown>; address: string };

const byAddress: Record<string, Limit> = {
  '/sign-in/email': 'sign-in by address',
  '/sign-up/email': 'sign-up by address',
  '/sign-in/magic-link': 'mail by address',
  '/request-password-reset': 'mail by address',
  '/send-verification-email': 'mail by address',
  '/reset-password': 'code by address',
  '/magic-link/verify': 'code by address',
  '/verify-email': 'code by address',
  '/passkey/verify-authentication': 'sign-in by address',
  '/device': 'code by address',
  '/device/approve': 'code by address',
  '/device/deny': 'code by address',
  '/device/code': 'device by address',
  '/device/token': 'poll by address',
};

const byAccount: Record<string, Limit> = {
  '/sign-in/email': 'sign-in by account',
  '/sign-up/email': 'mail by account',
  '/sign-in/magic-link': 'mail by account',
  '/request-password-reset': 'mail by account',
  '/send-verification-email': 'mail by account',
};

/**
 * Counts a call. Whether an account exists makes no difference: what was typed is counted.
 * @throws DomainError resource-exhausted RATE_LIMITED
 */
export async function limitCall(db: Database, { path, body, address }: AuthCall): Promise<void> {
  const subject = addressSubject(address);
  await takeFrom(db, byAddress[path] ?? 'auth by address', subject);
  const account = accountIn(body);
  const limit = byAccount[path];
  if (limit && account !== undefined) await takeFrom(db, limit, account);
}

/** A password that was right: the wrong ones before it were typing errors. */
export async function callSucceeded(db: Database, { path, body }: AuthCall): Promise<void> {
  const account = accountIn(body);
  if (path === '/sign-in/email' && account !== undefined) await giveBack(db, 'sign-in by account', account);
}

const accountIn = ({ email }: Record<string, unknown>): string | undefined =>
  typeof email === 'string' ? email.trim().toLowerCase() : undefined;
