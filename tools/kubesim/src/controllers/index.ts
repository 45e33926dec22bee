import type { Cluster } from '../api/cluster.ts';
import type { ControllerContext } from './controller.ts';
import { customResourceController } from './custom-resource.ts';
import { daemonSetController } from './daemonset.ts';
import { deploymentController } from './deployment.ts';
import { disruptionBudgetController } from './disruption-budget.ts';
import { endpointsController } from './endpoints.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobController } from './job.ts';
import { namespaceController } from './namespace.ts';
import { podController } from './pod.ts';
import { quotaController } from './quota.ts';
import { replicaSetController } from './replicaset.ts';
import { runControllers } from './run.ts';
import { serviceAccountTokenController } from './service-account-token.ts';
import { statefulSetController } from './statefulset.ts';
import { volumeController } from './volume.ts';

const controllers = [
  customResourceController,
  namespaceController,
  serviceAccountTokenController,
  volumeController,
  deploymentController,
  replicaSetController,
  statefulSetController,
  daemonSetController,
  jobController,
  podController,
  endpointsController,
  disruptionBudgetController,
  quotaController,
  garbageCollector,
];

export const startControllers = (
  cluster: Cluster,
  options: Omit<ControllerContext, 'wakeAfter' | 'cluster'>,
): Disposable => runControllers(cluster, controllers, options);
