export { openDatabase, type Database } from './database.ts';
export { isDatabaseUnavailable, isUniqueViolation } from './failure.ts';
export { firstResult, postgresMigrations, type RepeatableRequest } from './first-result.ts';
export type { Listener } from './listener.ts';
export { migrate, type Migration, type MigrateOptions } from './migrate.ts';
export type { ServiceRole } from './roles.ts';
export { enableTenantIsolation } from './tenant-isolation.ts';
export type { Tx } from './transaction.ts';
export { whenReachable } from './when-reachable.ts';
export {
  closeWorkspace,
  closingMigrations,
  keepWorkspacesOpen,
  reopenWorkspace,
  workspaceDeleted,
  type Closing,
} from './workspace-closing.ts';
