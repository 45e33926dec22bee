const size = { cpu: '64', memory: '512Gi', pods: '20000' };

/** What a new cluster needs before software can run: a node and a place for volumes. */
export const firstObjects: { path: string; object: unknown }[] = [
  {
    path: '/api/v1/nodes',
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'node-0',
        labels: {
          'kubernetes.io/hostname': 'node-0',
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
        },
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
      },
      status: { allocatable: size, capacity: size },
    },
  },
  {
    path: '/apis/storage.k8s.io/v1/storageclasses',
    object: {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        name: 'standard',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'kubernetes.io/host-path',
      reclaimPolicy: 'Delete',
    },
  },
];
