import type { Logger } from '@cnap/telemetry';
import type { Config } from '../config.ts';
import type { Database } from '../database.ts';
import type { Mail } from '../mail/queue.ts';

/** A session lives for a year from its last use, written down once a day. */
export const sessionSeconds = 365 * 24 * 3_600;
/** NIST SP 800-63B, 3.1.1: length is what counts. */
export const passwordLength = { min: 10, max: 128 };

/** What sign-in needs of the rest of identity. */
export type SignInDeps = {
  db: Database;
  config: Config;
  /** Signs cookies and links. */
  secret: string;
  /** Undefined where no mails are sent: what needs one is refused then, for known and unknown addresses alike. */
  mail: ((mail: Mail) => Promise<void>) | undefined;
  logger: Logger;
};
