export {
  eventually,
  type EventuallyOptions,
  freshDatabase,
  type FreshDatabase,
  testNats,
  type TestNats,
} from '@cnap/test-servers';
export { chartsFolder } from './charts-folder.ts';
export { expectError, type RpcError } from './expect-error.ts';
export { type FaultProxy, type ProxyFault, startFaultProxy } from './fault-proxy.ts';
export { type RealKubernetes, realKubernetes } from './real-kubernetes.ts';
export { type FileServer, serveFiles, type ServedFile } from './serve-files.ts';
export { testDatabase, type TestDatabase } from './test-database.ts';
export { type TestKeys, testKeys, type TestPerson, type TestService } from './test-keys.ts';
export { widgetCrd } from './widget-crd.ts';
