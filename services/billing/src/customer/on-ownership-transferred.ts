import { subscribe } from '@cnap/events';
import { OwnershipEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import { wake } from '@cnap/reconcile';
import { customerTask } from './reconcile.ts';
import { markStale } from './store.ts';

/** The customers of the workspace are the new owner's from now on. */
export const onOwnershipTransferred = subscribe({
  subject: 'identity.v1.ownership.transferred',
  schema: OwnershipEventSchema,
  async handle(tx, { message }) {
    const customers = await markStale(tx, message.workspaceId);
    const keys = customers.map((row) => customerTask(row.stripe_account_id, row.workspace_id));
    for (const key of keys.toSorted()) await wake(tx, 'customer', key);
  },
});
