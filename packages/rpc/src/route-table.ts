import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { isInternal } from './access.ts';

/** Where a public method is served. */
export type RpcRoute = { service: string; method: DescMethod };

/**
 * `/package.Service/Method` → the program that serves it, for every method that may be reached through the
 * public port. `services` has the RPC services of each program, as `rpcServices` of `@cnap/proto`.
 */
export function routeTable(services: Record<string, readonly DescService[]>): Map<string, RpcRoute> {
  const routes = new Map<string, RpcRoute>();
  for (const [service, descriptors] of Object.entries(services)) {
    for (const method of descriptors.flatMap((descriptor) => descriptor.methods)) {
      if (!isInternal(method)) routes.set(`/${method.parent.typeName}/${method.name}`, { service, method });
    }
  }
  return routes;
}
