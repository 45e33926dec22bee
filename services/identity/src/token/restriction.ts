import { DomainError } from '@cnap/errors';
import type { Tx } from '../database.ts';
import { restrictionOf } from './store.ts';

/** Whether a credential with that restriction works in a workspace. */
export const admits = (restriction: string | undefined, workspaceId: string): boolean =>
  restriction === undefined || restriction === workspaceId;

/** What a restricted token may not make: it would reach beyond its one workspace. */
export async function refuseRestricted(tx: Tx, credentialId: string): Promise<void> {
  if ((await restrictionOf(tx, credentialId)) === undefined) return;
  throw new DomainError(
    'permission-denied',
    'PERMISSION_DENIED',
    'This token works in one workspace only; it can make neither tokens nor workspaces.',
    { suggestion: 'Use a token that is not restricted to a workspace.' },
  );
}
