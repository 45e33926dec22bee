import { type KubeObject, cpuMillis, formatCpu, formatMemory, memoryBytes } from '@cnap/kubernetes';

import { installLabel, pullSecret } from './owned-object.ts';
import type { NamespaceSettings, Target } from './port.ts';

/** Lets an install's pods be reached from other installs. */
const sharedServiceLabel = 'cnap.tech/shared-service';

/** What every install's namespace holds before anything of the chart goes in, in order of application. */
export function namespaceObjects(target: Target, settings: NamespaceSettings): KubeObject[] {
  if (settings.existing) return pullSecretObjects(settings.registries ?? []);
  return [
    namespaceObject(target, settings),
    ...quotaObjects(settings.limits ?? {}),
    networkPolicy(settings.podCidrs ?? []),
    ...pullSecretObjects(settings.registries ?? []),
  ];
}

function namespaceObject(target: Target, settings: NamespaceSettings): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: target.namespace,
      labels: {
        [installLabel]: target.installId,
        'pod-security.kubernetes.io/enforce': settings.podSecurity,
        ...(settings.sharedService ? { [sharedServiceLabel]: 'true' } : {}),
      },
    },
  };
}

// A quota on limits refuses pods that state none, so a LimitRange fills them in: at most what the quota allows.
function quotaObjects(limits: { cpu?: string; memory?: string }): KubeObject[] {
  const { cpu, memory } = limits;
  if (cpu === undefined && memory === undefined) return [];
  const cpuDefault = cpu === undefined ? {} : { cpu: formatCpu(Math.min(cpuMillis(cpu), 500)) };
  const memoryDefault =
    memory === undefined ? {} : { memory: formatMemory(Math.min(memoryBytes(memory), 512 * 2 ** 20)) };
  const cpuRequest = cpu === undefined ? {} : { cpu: formatCpu(Math.min(cpuMillis(cpu), 50)) };
  const memoryRequest =
    memory === undefined ? {} : { memory: formatMemory(Math.min(memoryBytes(memory), 64 * 2 ** 20)) };
  return [
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'cnap' },
      spec: {
        hard: {
          ...(cpu === undefined ? {} : { 'requests.cpu': cpu, 'limits.cpu': cpu }),
          ...(memory === undefined ? {} : { 'requests.memory': memory, 'limits.memory': memory }),
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'cnap' },
      spec: {
        limits: [
          {
            type: 'Container',
            default: { ...cpuDefault, ...memoryDefault },
            defaultRequest: { ...cpuRequest, ...memoryRequest },
          },
        ],
      },
    },
  ];
}

/**
 * Other installs stay out; whoever is not an install (gateways, monitoring, the API server) and shared services come
 * in. Addresses outside the cluster come in where the pod networks are known: without them the rule for outside
 * would let every pod in on networks that count pods as addresses. Going out is free.
 */
function networkPolicy(podCidrs: string[]): KubeObject {
  const outside = ['0.0.0.0/0', '::/0'].map((cidr) => ({
    ipBlock: { cidr, except: podCidrs.filter((pods) => pods.includes(':') === cidr.includes(':')) },
  }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'cnap-isolation' },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { podSelector: {} },
            { namespaceSelector: { matchExpressions: [{ key: installLabel, operator: 'DoesNotExist' }] } },
            { namespaceSelector: { matchLabels: { [sharedServiceLabel]: 'true' } } },
            ...(podCidrs.length > 0 ? outside : []),
          ],
        },
      ],
    },
  };
}

function pullSecretObjects(registries: { host: string; username: string; password: string }[]): KubeObject[] {
  if (registries.length === 0) return [];
  const auths = Object.fromEntries(
    registries.map(({ host, username, password }) => [
      host,
      { username, password, auth: Buffer.from(`${username}:${password}`).toString('base64') },
    ]),
  );
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: pullSecret },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    },
  ];
}
