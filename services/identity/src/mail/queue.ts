import { newId } from '@cnap/ids';
import { wake } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import type { Tx } from '../database.ts';
import type { TemplateName } from './templates.ts';

/** A mail to one person. */
export type Mail = {
  /** The mail with this key is sent once, whatever is retried. */
  key: string;
  to: string;
  template: TemplateName;
  data: Record<string, string>;
  /** It tells of something that newer news of this subject end: see {@link dropPassed}. */
  passesWith?: string;
};

/** Takes a mail into the transaction that it tells about; it is sent when that commits. */
export async function queueMail(
  tx: Tx,
  keyring: Keyring,
  { key, to, template, data, passesWith }: Mail,
): Promise<void> {
  const id = newId('mail');
  const made = await tx
    .insertInto('mails')
    .values({
      id,
      key,
      recipient: to,
      template,
      passes_with: passesWith ?? null,
      sealed_data: keyring.seal(JSON.stringify(data), id),
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirst();
  if (Number(made.numInsertedOrUpdatedRows) > 0) await wake(tx, 'mail', id);
}

/** There is newer news of a subject: what waits to be sent about it, and has passed, is not sent. */
export const dropPassed = (tx: Tx, subject: string): Promise<unknown> =>
  tx
    .updateTable('mails')
    .set({ state: 'too late', message: 'it was overtaken by later news', sealed_data: null })
    .where('passes_with', '=', subject)
    .where('state', '=', 'waiting')
    .execute();
