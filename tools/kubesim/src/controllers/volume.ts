import type { Cluster } from '../api/cluster.ts';
import { findObject, listObjects, newUid, saveObject } from '../api/cluster.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, textOf, timestamp } from '../objects/object.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';
import { allIn, itself } from './controller.ts';
import { recordEvent } from './events.ts';
import { removeOwned } from './pods-of.ts';
import type { Pod } from './types.ts';
import { isActive } from './types.ts';

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';

interface Claim extends KubeObject {
  spec: Fields & {
    storageClassName?: string;
    volumeName?: string;
    accessModes?: string[];
    resources?: Fields;
    volumeMode?: string;
  };
  status: Fields & { phase?: string };
}

/** Binds claims to volumes it makes, and lets go of both when the claim goes. */
export const volumeController: Controller = {
  name: 'volume',
  watches: {
    [claims]: itself,
    pods: (change, cluster) => (change.type === 'MODIFIED' ? [] : allIn(claims)(change, cluster)),
    'storageclasses.storage.k8s.io': (_, cluster) =>
      cluster.store.list(claims).map(({ namespace, name }) => ({ namespace, name })),
  },
  reconcile({ namespace, name }, { cluster }) {
    const claim = findObject<Claim>(cluster, claims, namespace, name);
    if (!claim) return release(cluster, namespace, name);
    if (claim.metadata.deletionTimestamp) {
      if (isUsed(cluster, claim)) return;
      claim.metadata.finalizers = claim.metadata.finalizers?.filter(
        (finalizer) => finalizer !== 'kubernetes.io/pvc-protection',
      );
      saveObject(cluster, claims, claim);
      return;
    }
    if (claim.status.phase !== 'Bound') bind(cluster, claim);
  },
};

const users = (cluster: Cluster, claim: KubeObject): Pod[] =>
  listObjects<Pod>(cluster, 'pods', claim.metadata.namespace).filter((pod) =>
    pod.spec.volumes?.some(
      (volume) => fieldsOf(volume['persistentVolumeClaim'])['claimName'] === claim.metadata.name,
    ),
  );

const isUsed = (cluster: Cluster, claim: KubeObject): boolean =>
  users(cluster, claim).some((pod) => pod.spec.nodeName && (isActive(pod) || pod.metadata.deletionTimestamp));

function bind(cluster: Cluster, claim: Claim): void {
  const className = claim.spec.storageClassName ?? '';
  const say = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recordEvent(cluster, { about: claim, type, reason, message, component: 'persistentvolume-controller' });
  const storageClass = findObject(cluster, 'storageclasses.storage.k8s.io', '', className);
  if (!storageClass) {
    if (className)
      say(
        'Warning',
        'ProvisioningFailed',
        `storageclass.storage.k8s.io ${JSON.stringify(className)} not found`,
      );
    else
      say(
        'Normal',
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      );
    return;
  }
  if (storageClass['volumeBindingMode'] === 'WaitForFirstConsumer' && users(cluster, claim).length === 0) {
    return say('Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  }
  const volumeName = `pvc-${claim.metadata.uid}`;
  const capacity = { storage: textOf(fieldsOf(claim.spec.resources?.['requests'])['storage']) || '1Gi' };
  cluster.store.put(volumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      uid: newUid(),
      creationTimestamp: timestamp(cluster.now()),
      annotations: { 'pv.kubernetes.io/provisioned-by': textOf(storageClass['provisioner']) },
      finalizers: ['kubernetes.io/pv-protection'],
    },
    spec: {
      capacity,
      accessModes: claim.spec.accessModes,
      hostPath: { path: `/kubesim/${volumeName}`, type: '' },
      persistentVolumeReclaimPolicy: storageClass['reclaimPolicy'] ?? 'Delete',
      storageClassName: className,
      volumeMode: claim.spec.volumeMode,
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        namespace: claim.metadata.namespace,
        name: claim.metadata.name,
        uid: claim.metadata.uid,
      },
    },
    status: { phase: 'Bound' },
  });
  claim.spec.volumeName = volumeName;
  claim.metadata.annotations = {
    ...claim.metadata.annotations,
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
    'volume.kubernetes.io/storage-provisioner': textOf(storageClass['provisioner']),
  };
  claim.status = { phase: 'Bound', accessModes: claim.spec.accessModes, capacity };
  saveObject(cluster, claims, claim);
  say('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volumeName}`);
}

function release(cluster: Cluster, namespace: string, name: string): void {
  for (const entry of cluster.store.list(volumes)) {
    if (!entry.json.includes(`"name":${JSON.stringify(name)}`)) continue;
    const volume = parse(entry);
    const spec = fieldsOf(volume['spec']);
    const ref = fieldsOf(spec['claimRef']);
    if (ref['name'] !== name || ref['namespace'] !== namespace) continue;
    if (spec['persistentVolumeReclaimPolicy'] === 'Delete') {
      volume.metadata.finalizers = volume.metadata.finalizers?.filter(
        (finalizer) => finalizer !== 'kubernetes.io/pv-protection',
      );
      saveObject(cluster, volumes, volume);
      removeOwned(cluster, volume);
    } else {
      volume['status'] = { phase: 'Released' };
      saveObject(cluster, volumes, volume);
    }
  }
}
