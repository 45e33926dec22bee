import { eventsMigrations } from '@cnap/events';
import { closingMigrations, postgresMigrations } from '@cnap/postgres';
import { reconcileMigrations } from '@cnap/reconcile';
import * as clusters from './0001-clusters.ts';
import * as stateReason from './0002-state-reason.ts';

/** Forward only; the packages' own tables come with them. */
export const migrations = {
  ...postgresMigrations,
  ...closingMigrations,
  ...reconcileMigrations,
  ...eventsMigrations,
  '0001-clusters': clusters,
  '0002-state-reason': stateReason,
};
