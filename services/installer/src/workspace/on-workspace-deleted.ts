import { subscribe } from '@cnap/events';
import { workspaceDeleted } from '@cnap/postgres';
import { WorkspaceEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';

/** Until this comes, an order's install is refused as something to be tried again; afterwards the sale is undone. */
export const onWorkspaceDeleted = subscribe({
  subject: 'identity.v1.workspace.deleted',
  schema: WorkspaceEventSchema,
  handle: (tx, { message }) => workspaceDeleted(tx, message.workspaceId),
});
