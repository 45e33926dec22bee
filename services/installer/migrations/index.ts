import { eventsMigrations } from '@cnap/events';
import { closingMigrations, postgresMigrations } from '@cnap/postgres';
import { reconcileMigrations } from '@cnap/reconcile';
import * as installs from './0001-installs.ts';
import * as updates from './0002-updates.ts';
import * as hibernation from './0003-hibernation.ts';
import * as drift from './0004-drift.ts';
import * as pullSecret from './0005-pull-secret.ts';
import * as replacePolicy from './0006-replace-policy.ts';
import * as detached from './0007-detached.ts';
import * as adoption from './0008-adoption.ts';
import * as lists from './0009-lists.ts';

/** Forward only; the packages' own tables come with them. */
export const migrations = {
  ...postgresMigrations,
  ...closingMigrations,
  ...reconcileMigrations,
  ...eventsMigrations,
  '0001-installs': installs,
  '0002-updates': updates,
  '0003-hibernation': hibernation,
  '0004-drift': drift,
  '0005-pull-secret': pullSecret,
  '0006-replace-policy': replacePolicy,
  '0007-detached': detached,
  '0008-adoption': adoption,
  '0009-lists': lists,
};
