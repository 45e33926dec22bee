import { eventsMigrations } from '@cnap/events';
import { postgresMigrations } from '@cnap/postgres';
import { reconcileMigrations } from '@cnap/reconcile';
import * as billing from './0001_billing.ts';
import * as announced from './0002_announced.ts';
import * as installSleep from './0003_install_sleep.ts';
import * as stuckOrders from './0004_stuck_orders.ts';

/** Every migration of the schema `billing`, forward only. */
export const migrations = {
  ...postgresMigrations,
  ...reconcileMigrations,
  ...eventsMigrations,
  '0001_billing': billing,
  '0002_announced': announced,
  '0003_install_sleep': installSleep,
  '0004_stuck_orders': stuckOrders,
};
