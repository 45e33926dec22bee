export { callersOf, type CallerSettings } from './caller.ts';
export { runService } from './run.ts';
export { watchRow, type WatchedRow } from './watch-row.ts';
export { databaseSettings, serviceSettings } from './settings.ts';
export { etagMismatch, repeatable } from './repeatable.ts';
export { deadLetterRpc } from './dead-letter-rpc.ts';
export { externalCalls, throughCalls, type ExternalCallHooks, type ExternalCalls } from './external-calls.ts';
