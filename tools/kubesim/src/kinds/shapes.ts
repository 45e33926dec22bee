import type { Shape } from './kind.ts';

/** The merge keys of the built-in types, by hand from `k8s.io/api`. */

const atomic: Shape = { atomic: true };
const keyed = (keys: readonly string[], item: Shape = {}, more: Partial<Shape> = {}): Shape => ({
  keys,
  item,
  ...more,
});

export const selectorShape: Shape = atomic;
export const conditions: Shape = keyed(['type']);

export const metadataShape: Shape = {
  fields: { ownerReferences: keyed(['uid'], atomic), finalizers: { set: true } },
};

const keyRef: Shape = {
  fields: { configMapKeyRef: atomic, secretKeyRef: atomic, fieldRef: atomic, resourceFieldRef: atomic },
};

const container: Shape = {
  fields: {
    ports: keyed(['containerPort', 'protocol'], {}, { keyDefaults: { protocol: 'TCP' } }),
    env: keyed(['name'], { fields: { valueFrom: keyRef } }),
    envFrom: { item: { fields: { configMapRef: {}, secretRef: {} } } },
    volumeMounts: keyed(['mountPath']),
    volumeDevices: keyed(['devicePath']),
    resources: { fields: { claims: keyed(['name']) } },
    resizePolicy: atomic,
  },
};

const volume: Shape = {
  fields: {
    secret: { fields: { items: atomic } },
    configMap: { fields: { items: atomic } },
    projected: { fields: { sources: atomic } },
    ephemeral: { fields: { volumeClaimTemplate: { fields: { spec: { fields: { selector: atomic } } } } } },
    csi: { fields: { nodePublishSecretRef: atomic } },
  },
};

export const podSpecShape: Shape = {
  fields: {
    containers: keyed(['name'], container),
    initContainers: keyed(['name'], container),
    ephemeralContainers: keyed(['name'], container),
    volumes: keyed(['name'], volume, {}),
    imagePullSecrets: keyed(['name']),
    hostAliases: keyed(['ip']),
    topologySpreadConstraints: keyed(['topologyKey', 'whenUnsatisfiable'], {
      fields: { labelSelector: atomic },
    }),
    resourceClaims: keyed(['name']),
    schedulingGates: keyed(['name']),
    nodeSelector: atomic,
    affinity: {
      fields: { nodeAffinity: { fields: { requiredDuringSchedulingIgnoredDuringExecution: atomic } } },
    },
  },
};

export const podTemplateShape: Shape = { fields: { metadata: metadataShape, spec: podSpecShape } };

export const podShape: Shape = {
  fields: {
    spec: podSpecShape,
    status: { fields: { conditions, podIPs: keyed(['ip']), hostIPs: atomic } },
  },
};

export const workloadShape: Shape = {
  fields: {
    spec: { fields: { selector: selectorShape, template: podTemplateShape } },
    status: { fields: { conditions } },
  },
};

export const cronJobShape: Shape = {
  fields: { spec: { fields: { jobTemplate: workloadShape } }, status: { fields: { active: atomic } } },
};

export const serviceShape: Shape = {
  fields: {
    spec: {
      fields: {
        selector: atomic,
        ports: keyed(['port', 'protocol'], {}, { keyDefaults: { protocol: 'TCP' } }),
      },
    },
    status: { fields: { conditions } },
  },
};

export const serviceAccountShape: Shape = { fields: { secrets: keyed(['name']) } };
export const withConditions: Shape = { fields: { status: { fields: { conditions } } } };
export const claimShape: Shape = {
  fields: { spec: { fields: { selector: atomic, dataSource: atomic } }, status: { fields: { conditions } } },
};
export const volumeShape: Shape = {
  fields: { spec: { fields: { claimRef: atomic, nodeAffinity: { fields: { required: atomic } } } } },
};
export const nodeShape: Shape = {
  fields: {
    spec: { fields: { taints: { patchKey: 'key' }, podCIDRs: { set: true } } },
    status: { fields: { conditions, addresses: { patchKey: 'type' } } },
  },
};
export const eventShape: Shape = { fields: { involvedObject: atomic, related: atomic } };
export const roleBindingShape: Shape = { fields: { roleRef: atomic } };
export const networkPolicyShape: Shape = { fields: { spec: { fields: { podSelector: atomic } } } };
export const ingressShape: Shape = {
  fields: { spec: { fields: { defaultBackend: { fields: { resource: atomic } } } } },
};
export const disruptionBudgetShape: Shape = {
  fields: { spec: { fields: { selector: atomic } }, status: { fields: { conditions } } },
};
export const webhookConfigurationShape: Shape = {
  fields: {
    webhooks: keyed(['name'], {
      fields: { namespaceSelector: atomic, objectSelector: atomic, matchConditions: keyed(['name']) },
    }),
  },
};
export const quotaShape: Shape = { fields: { spec: { fields: { scopeSelector: atomic } } } };
