import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { Tx } from '../database.ts';
import { memberAdded } from '../member/event.ts';
import { findMember, insertMember } from '../member/store.ts';
import { invitationFact } from './event.ts';
import { deleteInvitation, lockInvitation, type NamedInvitation } from './store.ts';

/** As a person reads it: why it does not work is the same whatever the reason, so that nothing can be found out. */
export const invitationNotFound = (): DomainError =>
  new DomainError('not-found', 'INVITATION_NOT_FOUND', 'There is no such invitation any more.', {
    suggestion: 'Ask for a new one: an invitation is good for 7 days, once.',
  });

/**
 * Makes a user a member, once. Who is one already keeps the role.
 * @throws DomainError INVITATION_NOT_FOUND, INVITATION_NOT_YOURS, EMAIL_NOT_VERIFIED
 */
export async function acceptInvitation(
  tx: Tx,
  secret: string,
  userId: string,
  now: Date,
): Promise<NamedInvitation> {
  const invitation = await lockInvitation(tx, secret, now);
  if (!invitation) throw invitationNotFound();
  const user = await tx
    .selectFrom('users')
    .select(['email', 'email_verified'])
    .where('id', '=', userId)
    .executeTakeFirst();
  if (user?.email.toLowerCase() !== invitation.email) {
    throw new DomainError(
      'permission-denied',
      'INVITATION_NOT_YOURS',
      'The invitation is for another address.',
      {
        suggestion: 'Sign in with the address that the mail was sent to.',
      },
    );
  }
  // Anybody can say that an address is theirs; the invited person has it.
  if (!user.email_verified) {
    throw new DomainError('failed-precondition', 'EMAIL_NOT_VERIFIED', 'Your address is not confirmed yet.', {
      suggestion: 'Follow the link in the mail that confirms it.',
    });
  }
  await deleteInvitation(tx, invitation.workspace_id, invitation.id);
  if (!(await findMember(tx, invitation.workspace_id, userId))) {
    const { workspace_id, role } = invitation;
    await publish(tx, memberAdded(await insertMember(tx, { workspace_id, user_id: userId, role })));
  }
  await publish(tx, invitationFact('accepted', invitation, userId));
  return invitation;
}
