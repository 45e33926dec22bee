import { done, permanently, requeueAfter, wake, type Reconcile } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import type { Database, Tx } from '../database.ts';
import { MailRefused, type SendMail } from './smtp.ts';
import { isTemplate, renderMail } from './templates.ts';

/** A link in a mail that was held up longer is good for nothing any more. */
const tooLateMs = 24 * 3_600_000;
/** Who got which mail is of use for support as long as this. */
const keptDays = 30;
const lookAgainMs = 3_600_000;

/** Sends one mail. A crash after sending sends it again, with the same Message-ID. */
export const reconcileMail =
  ({ db, keyring, send }: { db: Database; keyring: Keyring; send: SendMail }): Reconcile =>
  async ({ key: id, write }) => {
    const row = await db.acrossWorkspaces((tx) =>
      tx.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    if (row?.state !== 'waiting' || row.sealed_data === null || !isTemplate(row.template)) return done;
    const close = (state: 'sent' | 'refused' | 'too late', message = '') =>
      write((tx) =>
        tx
          .updateTable('mails')
          .set({ state, message, sealed_data: null, ...(state === 'sent' ? { sent_at: new Date() } : {}) })
          .where('id', '=', id)
          .execute(),
      );
    if (Date.now() - row.created_at.getTime() > tooLateMs) {
      await close('too late');
      return permanently('it waited for more than a day');
    }
    const data = JSON.parse(keyring.openText(row.sealed_data, id)) as Record<string, string>;
    try {
      await send({ id, to: row.recipient, ...renderMail(row.template, data) });
    } catch (error) {
      if (!(error instanceof MailRefused)) throw error;
      await close('refused', error.message);
      return permanently(error.message);
    }
    await close('sent');
    return done;
  };

export const wakeMailCleaning = (tx: Tx): Promise<void> => wake(tx, 'old-mail', 'all');

/** Forgets old mails. */
export const reconcileOldMail: Reconcile = async ({ write }) => {
  const before = new Date(Date.now() - keptDays * 24 * 3_600_000);
  await write((tx) => tx.deleteFrom('mails').where('created_at', '<', before).execute());
  return requeueAfter(lookAgainMs, 'forgets old mails every hour');
};
