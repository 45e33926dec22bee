import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables } from '../database.ts';

/** Orders that are not over: somebody may be paying, or has paid. */
const live = ['open', 'authorized', 'deploying', 'fulfilled', 'suspended', 'compensating'] as const;

/** What is asked about. */
export type Subject = {
  case: 'workspaceId' | 'clusterId' | 'templateId' | 'productId';
  value: string;
};

/** How many live orders use something, and up to 10 of them. */
export async function liveOrders(
  tx: Tx<BillingTables>,
  subject: Subject,
): Promise<{ count: number; exampleIds: string[] }> {
  const { value } = subject;
  const rows = await tx
    .selectFrom('orders')
    .select(['id', sql<string>`count(*) over ()`.as('total')])
    .where('state', 'in', live)
    .where((eb) => {
      switch (subject.case) {
        case 'workspaceId':
          return eb.or([eb('workspace_id', '=', value), eb('seller_workspace_id', '=', value)]);
        case 'templateId':
          return eb('template_id', '=', value);
        case 'productId':
          return eb('product_id', '=', value);
        case 'clusterId':
          return sql<boolean>`product_id in (select id from product where ${value} = any(cluster_ids))`;
      }
    })
    .orderBy('create_time')
    .limit(10)
    .execute();
  return { count: Number(rows[0]?.total ?? 0), exampleIds: rows.map(({ id }) => id) };
}
