// Every RPC service of the platform, by the program that serves it: the one list that routes and tests walk. A service
// imports its own list from `@cnap/proto/services/<name>`, so that it need not hold everybody else's descriptors.
import type { DescService } from '@bufbuild/protobuf';
import { identityServices } from './services/identity.ts';
import { clustersServices } from './services/clusters.ts';
import { catalogServices } from './services/catalog.ts';
import { billingServices } from './services/billing.ts';
import { installerServices } from './services/installer.ts';

/** The programs that serve RPCs. */
export const serviceNames = ['identity', 'clusters', 'catalog', 'billing', 'installer'] as const;

/** Name of a program that serves RPCs. */
export type ServiceName = (typeof serviceNames)[number];

/** The RPC services of each program. */
export const rpcServices: Record<ServiceName, readonly DescService[]> = {
  identity: identityServices,
  clusters: clustersServices,
  catalog: catalogServices,
  billing: billingServices,
  installer: installerServices,
};
