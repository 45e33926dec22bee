export { reconcileMigrations } from './migrations.ts';
export { done, LeaseLost, permanently, requeueAfter } from './outcome.ts';
export type { Outcome, Reconcile, ReconcileContext } from './outcome.ts';
export { startReconcilers, type ReconcilerOptions, type Reconcilers } from './start-reconcilers.ts';
export { wake, wakeMany } from './wake.ts';
