import { DatabaseError } from 'pg';

/** Names for statements that sessions keep prepared, so that Postgres parses and plans each once per session. */
export type StatementNames = {
  /** @returns undefined for what is not worth keeping */
  nameOf(sql: string, scope: string): string | undefined;
  /** Learns from a failure whether prepared statements have become outdated. */
  learn(error: unknown): void;
};

// Statements built with lists of varying length would fill the sessions' memory.
const most = 500;

export function createStatementNames(): StatementNames {
  const numbers = new Map<string, number>();
  let epoch = 0;
  return {
    nameOf(sql, scope) {
      let number = numbers.get(sql);
      if (number === undefined) {
        if (numbers.size >= most || !/^\s*(select|insert|update|delete|with)\b/i.test(sql)) return undefined;
        number = numbers.size;
        numbers.set(sql, number);
      }
      // A plan holds for one role; under one name the scopes would have it made anew each time.
      return `${scope}${epoch}_${number}`;
    },
    learn(error) {
      if (isOutdatedPlan(error)) epoch += 1;
    },
  };
}

/** A migration has changed what a prepared `select *` returns: it fails once, and works under a new name. */
export function isOutdatedPlan(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '0A000' &&
    error.message === 'cached plan must not change result type'
  );
}
