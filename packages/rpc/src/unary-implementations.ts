import type { ConnectRouter } from '@connectrpc/connect';
import type { UnaryImplementation } from './unary-call.ts';

/** Registers with the protocol layer what `routes` does, and tells what answers the unary methods, by their paths. */
export function unaryImplementations(
  router: ConnectRouter,
  routes: (router: ConnectRouter) => void,
): Map<string, UnaryImplementation> {
  const found = new Map<string, UnaryImplementation>();
  const noting: ConnectRouter = {
    handlers: router.handlers,
    service(service, implementation, options) {
      router.service(service, implementation, options);
      for (const method of service.methods) {
        const answer: unknown = (implementation as Record<string, unknown>)[method.localName];
        if (method.methodKind !== 'unary' || typeof answer !== 'function') continue;
        found.set(`/${service.typeName}/${method.name}`, answer.bind(implementation) as UnaryImplementation);
      }
      return noting;
    },
    rpc(method, implementation, options) {
      router.rpc(method, implementation, options);
      return noting;
    },
  };
  routes(noting);
  return found;
}
