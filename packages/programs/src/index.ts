export { cacheFolder } from './cache.ts';
export {
  type Found,
  type FindOptions,
  type ProgramName,
  findProgram,
  ProgramMissing,
} from './find-program.ts';
export { freePort } from './free-port.ts';
export { type RunningKubernetes, type StartKubernetesOptions, startKubernetes } from './kubernetes/start.ts';
export { type RunningNats, type StartNatsOptions, startNats } from './nats.ts';
export { type RunningPostgres, type StartPostgresOptions, startPostgres } from './postgres.ts';
export { type ChildProcessOptions, type RunningChild, startChild } from './child.ts';
