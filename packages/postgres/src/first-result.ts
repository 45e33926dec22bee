import { DomainError } from '@cnap/errors';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { enableTenantIsolation } from './tenant-isolation.ts';
import type { Tx } from './transaction.ts';

/** A request that may be sent twice. */
export type RepeatableRequest<T> = {
  workspaceId: string;
  /** `cnap.billing.v1.CheckoutService/CreateCheckout` */
  method: string;
  /** Chosen by the caller; without it nothing is remembered. */
  requestId: string | undefined;
  /** SHA-256 of the request without its request id. */
  fingerprint: string;
  encode: (result: T) => Uint8Array;
  decode: (stored: Uint8Array) => T;
};

/**
 * Does something once per request id: the first time `make` runs in this transaction and its result is kept with
 * it for 7 days; a repetition gets the stored result. Two at the same moment: the second waits for the first.
 * @throws DomainError invalid-argument REQUEST_ID_REUSED if the id was used for another request
 */
export async function firstResult<T extends object>(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  request: RepeatableRequest<T>,
  make: () => Promise<T>,
): Promise<T> {
  const { workspaceId, method, requestId, fingerprint } = request;
  if (requestId === undefined || requestId === '') return make();
  const claimed = await sql`
    insert into request_result as kept (workspace_id, method, request_id, fingerprint)
    values (${workspaceId}, ${method}, ${requestId}, ${fingerprint})
    on conflict (workspace_id, method, request_id) do update
      set fingerprint = excluded.fingerprint, response = null, create_time = now()
      where kept.create_time < now() - interval '7 days'
    returning 1`.execute(tx);
  if (claimed.rows.length === 0) return repeated(tx, request);

  const result = await make();
  await sql`
    with expired as (
      select ctid from request_result
      where workspace_id = ${workspaceId} and create_time < now() - interval '7 days'
      limit 20 for update skip locked),
    removed as (delete from request_result where ctid in (select ctid from expired))
    update request_result set response = ${Buffer.from(request.encode(result))}
    where workspace_id = ${workspaceId} and method = ${method} and request_id = ${requestId}`.execute(tx);
  return result;
}

// oxlint-disable-next-line no-explicit-any -- any service's tables
async function repeated<T>(tx: Tx<any>, request: RepeatableRequest<T>): Promise<T> {
  const { rows } = await sql<{ fingerprint: string; response: Buffer | null }>`
    select fingerprint, response from request_result
    where workspace_id = ${request.workspaceId} and method = ${request.method}
      and request_id = ${request.requestId}`.execute(tx);
  const first = rows[0];
  if (first?.fingerprint !== request.fingerprint || first.response === null) {
    throw new DomainError(
      'invalid-argument',
      'REQUEST_ID_REUSED',
      'This request id was used for another request.',
      {
        fields: [{ field: 'request_id', description: 'was used for another request' }],
        suggestion: 'Use a new id for every new request, and the same one only to repeat it.',
      },
    );
  }
  return request.decode(first.response);
}

/** The tables of this package. */
export const postgresMigrations: Record<string, Migration> = {
  '0000_postgres_01_request_result': {
    async up(db) {
      await sql`
        create table request_result (
          workspace_id text not null,
          method text not null,
          request_id text not null,
          fingerprint text not null,
          response bytea,
          create_time timestamptz not null default now(),
          primary key (workspace_id, method, request_id))`.execute(db);
      await sql`create index request_result_age on request_result (workspace_id, create_time)`.execute(db);
      await enableTenantIsolation(db, 'request_result');
    },
  },
};
