/** A field's type; a table in brackets is a repeated message. */
export type FieldType =
  | 'string'
  | 'strings'
  | 'int'
  | 'bool'
  | 'bytes'
  | 'map'
  | 'bytes-map'
  | 'time'
  | 'json'
  | MessageTable
  | [MessageTable];
export interface MessageTable {
  [number: number]: [name: string, type: FieldType];
}

// Field numbers from the generated.proto files of k8s.io/api and k8s.io/apimachinery.
const ownerReference: MessageTable = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool'],
  7: ['blockOwnerDeletion', 'bool'],
};
const managedFields: MessageTable = {
  1: ['manager', 'string'],
  2: ['operation', 'string'],
  3: ['apiVersion', 'string'],
  4: ['time', 'time'],
  6: ['fieldsType', 'string'],
  7: ['fieldsV1', { 1: ['raw', 'json'] }],
  8: ['subresource', 'string'],
};
const metadata: MessageTable = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'int'],
  8: ['creationTimestamp', 'time'],
  9: ['deletionTimestamp', 'time'],
  10: ['deletionGracePeriodSeconds', 'int'],
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
  13: ['ownerReferences', [ownerReference]],
  14: ['finalizers', 'strings'],
  17: ['managedFields', [managedFields]],
};
const deleteOptions: MessageTable = {
  1: ['gracePeriodSeconds', 'int'],
  2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
  3: ['orphanDependents', 'bool'],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', 'strings'],
};
const rule: MessageTable = {
  1: ['verbs', 'strings'],
  2: ['apiGroups', 'strings'],
  3: ['resources', 'strings'],
  4: ['resourceNames', 'strings'],
  5: ['nonResourceURLs', 'strings'],
};
const subject: MessageTable = {
  1: ['kind', 'string'],
  2: ['apiGroup', 'string'],
  3: ['name', 'string'],
  4: ['namespace', 'string'],
};
const roleRef: MessageTable = { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] };
const role: MessageTable = { 1: ['metadata', metadata], 2: ['rules', [rule]] };
const binding: MessageTable = {
  1: ['metadata', metadata],
  2: ['subjects', [subject]],
  3: ['roleRef', roleRef],
};
const resourceAttributes: MessageTable = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};
const container: MessageTable = {
  1: ['name', 'string'],
  2: ['image', 'string'],
  3: ['command', 'strings'],
  4: ['args', 'strings'],
  6: [
    'ports',
    [
      {
        1: ['name', 'string'],
        2: ['hostPort', 'int'],
        3: ['containerPort', 'int'],
        4: ['protocol', 'string'],
      },
    ],
  ],
  7: ['env', [{ 1: ['name', 'string'], 2: ['value', 'string'] }]],
};
const podSpec: MessageTable = {
  2: ['containers', [container]],
  3: ['restartPolicy', 'string'],
  6: ['dnsPolicy', 'string'],
};
const template: MessageTable = { 1: ['metadata', metadata], 2: ['spec', podSpec] };
const deploymentSpec: MessageTable = {
  1: ['replicas', 'int'],
  2: ['selector', { 1: ['matchLabels', 'map'] }],
  3: ['template', template],
};

/** By kind: what helm stores, what `kubectl create …`, `auth` and `delete` send. */
export const tables = {
  Unknown: {
    1: ['typeMeta', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }],
    2: ['raw', 'bytes'],
    3: ['contentEncoding', 'string'],
    4: ['contentType', 'string'],
  },
  Secret: {
    1: ['metadata', metadata],
    2: ['data', 'bytes-map'],
    3: ['type', 'string'],
    4: ['stringData', 'map'],
    5: ['immutable', 'bool'],
  },
  ConfigMap: {
    1: ['metadata', metadata],
    2: ['data', 'map'],
    3: ['binaryData', 'bytes-map'],
    4: ['immutable', 'bool'],
  },
  Namespace: {
    1: ['metadata', metadata],
    2: ['spec', { 1: ['finalizers', 'strings'] }],
    3: ['status', { 1: ['phase', 'string'] }],
  },
  ServiceAccount: {
    1: ['metadata', metadata],
    3: ['imagePullSecrets', [{ 1: ['name', 'string'] }]],
    4: ['automountServiceAccountToken', 'bool'],
  },
  Role: role,
  ClusterRole: role,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  DeleteOptions: deleteOptions,
  Eviction: { 1: ['metadata', metadata], 2: ['deleteOptions', deleteOptions] },
  TokenRequest: {
    1: ['metadata', metadata],
    2: ['spec', { 1: ['audiences', 'strings'], 4: ['expirationSeconds', 'int'] }],
  },
  SelfSubjectReview: { 1: ['metadata', metadata], 2: ['status', { 1: ['userInfo', {}] }] },
  SelfSubjectRulesReview: { 1: ['metadata', metadata], 2: ['spec', { 1: ['namespace', 'string'] }] },
  SelfSubjectAccessReview: {
    1: ['metadata', metadata],
    2: [
      'spec',
      {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', { 1: ['path', 'string'], 2: ['verb', 'string'] }],
      },
    ],
  },
  Deployment: { 1: ['metadata', metadata], 2: ['spec', deploymentSpec] },
} satisfies Record<string, MessageTable>;
