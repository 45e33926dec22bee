import { type KindRef, groupOf } from './object.ts';

/** What an install has to be able to do with the kinds that it brings. */
export const installVerbs: readonly string[] = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** Kinds by API version, each with the name that its resources have in a URL. */
const kinds: Record<string, Record<string, string>> = {
  v1: {
    ConfigMap: 'configmaps',
    LimitRange: 'limitranges',
    Namespace: 'namespaces',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    Pod: 'pods',
    ResourceQuota: 'resourcequotas',
    Secret: 'secrets',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
  },
  'apps/v1': {
    DaemonSet: 'daemonsets',
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
  },
  'autoscaling/v2': { HorizontalPodAutoscaler: 'horizontalpodautoscalers' },
  'batch/v1': { CronJob: 'cronjobs', Job: 'jobs' },
  'networking.k8s.io/v1': { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' },
  'policy/v1': { PodDisruptionBudget: 'poddisruptionbudgets' },
  'rbac.authorization.k8s.io/v1': { Role: 'roles', RoleBinding: 'rolebindings' },
};

/** Resources of the kinds that every cluster has and every import asks for, with all of {@link installVerbs}. */
export const usualResources: readonly { group: string; resource: string }[] = Object.entries(kinds).flatMap(
  ([apiVersion, named]) => Object.values(named).map((resource) => ({ group: groupOf(apiVersion), resource })),
);

const names = new Set(
  Object.entries(kinds).flatMap(([apiVersion, named]) =>
    Object.keys(named).map((kind) => `${apiVersion}/${kind}`),
  ),
);

/** Whether every cluster that was imported has the kind, and lets installs bring it. */
export const isUsual = ({ apiVersion, kind }: KindRef): boolean => names.has(`${apiVersion}/${kind}`);
