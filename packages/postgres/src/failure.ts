import { DomainError, messageOf } from '@cnap/errors';
import { DatabaseError } from 'pg';
import { isOutdatedPlan } from './statement-name.ts';

/** Whether a statement broke a unique constraint; with `constraint`, exactly that one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  );
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: shutting down, starting up, too many sessions,
// disk full, out of memory, and what a transaction may simply try again.
const passing = /^(08...|57P0[1-3]|53...|25P03|40001|40P01|55P03)$/;
const network =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|ENOENT|EHOSTUNREACH|ENETUNREACH)$/;
// pg gives these no code.
const lost =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after)/;

/** Whether Postgres could not be asked, so that the same work may succeed later without any change. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof DomainError) return error.reason === databaseUnavailable;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (error instanceof DatabaseError) return passing.test(String(code)) || isOutdatedPlan(error);
  return network.test(String(code)) || lost.test(error.message);
}

const databaseUnavailable = 'DATABASE_UNAVAILABLE';

/** What callers see of a lost database: nothing about hosts, and that trying again is right. */
export function explained(error: unknown): unknown {
  if (error instanceof DomainError || !isDatabaseUnavailable(error)) return error;
  return new DomainError(
    'unavailable',
    databaseUnavailable,
    'The database cannot be reached at the moment.',
    {
      suggestion: 'Try again in a few seconds.',
      cause: new Error(messageOf(error), { cause: error }),
    },
  );
}
