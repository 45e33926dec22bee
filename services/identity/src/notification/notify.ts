import type { Keyring } from '@cnap/secrets';
import type { Tx } from '../database.ts';
import { dropPassed, queueMail, type Mail } from '../mail/queue.ts';
import { noteNews, type Recipient } from './store.ts';

export type Notify = {
  publicUrl: string;
  /** Takes a mail into the transaction of the fact; undefined where no mails are sent. */
  queue: ((tx: Tx, mail: Mail) => Promise<void>) | undefined;
};

/** Facts are kept for 30 days, and a service that listens for the first time gets them all: old ones are no news. */
const tooOldMs = 24 * 3_600_000;

export const notifyWith = (keyring: Keyring, publicUrl: string, sendsMail: boolean): Notify => ({
  publicUrl,
  queue: sendsMail ? (tx, mail) => queueMail(tx, keyring, mail) : undefined,
});

/** As {@link noteNews}; what waits to be sent about the subject, and has passed with this, is not sent any more. */
export async function isNews(
  tx: Tx,
  subject: string,
  version: number,
  state: string,
): Promise<string | undefined> {
  const before = await noteNews(tx, subject, version, state);
  if (before !== undefined) await dropPassed(tx, subject);
  return before;
}

/** Writes to each recipient, once per key. */
export async function write(
  tx: Tx,
  { queue }: Notify,
  happened: Date,
  recipients: readonly Recipient[],
  mail: Omit<Mail, 'to'>,
): Promise<void> {
  if (!queue || Date.now() - happened.getTime() > tooOldMs) return;
  for (const { userId, email } of recipients) {
    await queue(tx, { ...mail, key: `${mail.key}:${userId}`, to: email });
  }
}
