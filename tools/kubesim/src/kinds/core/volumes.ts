import type { Fields, KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, same, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { claimShape, volumeShape } from '../shapes.ts';

const modeNames: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modes = (list: unknown): string =>
  listOf(list)
    .map((mode) => modeNames[textOf(mode)] ?? textOf(mode))
    .join(',');

const claimRef = (volume: KubeObject): string => {
  const ref = fieldsOf(at(volume, 'spec.claimRef'));
  return ref['name'] ? `${textOf(ref['namespace'])}/${textOf(ref['name'])}` : '';
};

export const claim: Kind = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  namespaced: true,
  shortNames: ['pvc'],
  subresources: ['status'],
  shape: claimShape,
  defaults: (object) => void defaulted(below(object, 'spec'), { volumeMode: 'Filesystem' }),
  prepare(object) {
    object.metadata.finalizers = [
      ...new Set([...(object.metadata.finalizers ?? []), 'kubernetes.io/pvc-protection']),
    ];
    object['status'] = { phase: 'Pending' };
  },
  validateUpdate(object, old) {
    const pinned = (spec: Fields): Fields => ({
      ...spec,
      resources: {},
      volumeName: '',
      volumeAttributesClassName: '',
    });
    if (same(pinned(fieldsOf(object['spec'])), pinned(fieldsOf(old['spec'])))) return [];
    return [
      {
        reason: 'FieldValueForbidden',
        message:
          'Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        field: 'spec',
      },
    ];
  },
  selectable: () => ({}),
  columns: [
    nameColumn,
    column('Status', (o) => (o.metadata.deletionTimestamp ? 'Terminating' : textOf(at(o, 'status.phase')))),
    text('Volume', 'spec.volumeName', ''),
    text('Capacity', 'status.capacity.storage', ''),
    column('Access Modes', (o) => modes(at(o, 'status.accessModes'))),
    text('StorageClass', 'spec.storageClassName', ''),
    text('VolumeAttributesClass', 'spec.volumeAttributesClassName', '<unset>'),
    ageColumn,
    text('VolumeMode', 'spec.volumeMode', '<unset>', 1),
  ],
};

export const volume: Kind = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  singular: 'persistentvolume',
  namespaced: false,
  shortNames: ['pv'],
  subresources: ['status'],
  shape: volumeShape,
  defaults: (object) =>
    void defaulted(below(object, 'spec'), {
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: 'Retain',
    }),
  prepare(object) {
    object.metadata.finalizers = [
      ...new Set([...(object.metadata.finalizers ?? []), 'kubernetes.io/pv-protection']),
    ];
    object['status'] = { phase: 'Pending' };
  },
  columns: [
    nameColumn,
    text('Capacity', 'spec.capacity.storage', ''),
    column('Access Modes', (o) => modes(at(o, 'spec.accessModes'))),
    text('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'),
    column('Status', (o) => (o.metadata.deletionTimestamp ? 'Terminating' : textOf(at(o, 'status.phase')))),
    column('Claim', claimRef),
    text('StorageClass', 'spec.storageClassName', ''),
    text('VolumeAttributesClass', 'spec.volumeAttributesClassName', '<unset>'),
    text('Reason', 'status.reason', ''),
    ageColumn,
    text('VolumeMode', 'spec.volumeMode', '<unset>', 1),
  ],
};
