export {
  accessRuleOf,
  authorize,
  isInternal,
  isReadOnly,
  methodsWithoutRule,
  type AccessRule,
} from './access.ts';
export { openBackends, type Backends } from './backends.ts';
export { callerOf, requestIdOf, userOf, workspaceOf } from './call.ts';
export { forwardRpc, type Forwarded, type ForwardOptions } from './forward-rpc.ts';
export { fromConnectError } from './from-connect-error.ts';
export { clientAddressHeader } from './gate.ts';
export { peerClient, type PeerOptions } from './peer-client.ts';
export {
  openPort,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type OpenPort,
  type PortLimits,
  type PortOptions,
  type Upgrade,
} from './port.ts';
export { cacheControlOf, etagOf, hasAlready, knowsSecrets, notKept, readVary } from './read-caching.ts';
export { endUnreadBody } from './request-body.ts';
export { refuseRpc } from './refuse-rpc.ts';
export { routeTable, type RpcRoute } from './route-table.ts';
export { requestIdFrom } from './rpc-handler.ts';
export { startRpcServer, type RpcServer, type RpcServerOptions } from './server.ts';
export { toConnectError } from './to-connect-error.ts';
export type { ConnectRouter, HandlerContext, ServiceImpl } from '@connectrpc/connect';
