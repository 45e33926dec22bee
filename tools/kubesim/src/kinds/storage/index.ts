import { textOf } from '../../objects/object.ts';
import { ageColumn, at, column, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { defaulted } from '../kind.ts';
import { fixed } from '../validation.ts';

const storage = { group: 'storage.k8s.io', version: 'v1', namespaced: false } as const;
const isDefault = 'storageclass.kubernetes.io/is-default-class';

export const storageKinds: readonly Kind[] = [
  { ...storage, kind: 'CSIDriver', resource: 'csidrivers', singular: 'csidriver' },
  { ...storage, kind: 'CSINode', resource: 'csinodes', singular: 'csinode' },
  {
    ...storage,
    kind: 'StorageClass',
    resource: 'storageclasses',
    singular: 'storageclass',
    shortNames: ['sc'],
    defaults: (object) => void defaulted(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
    columns: [
      column(
        'Name',
        (o) => `${o.metadata.name}${o.metadata.annotations?.[isDefault] === 'true' ? ' (default)' : ''}`,
      ),
      text('Provisioner', 'provisioner'),
      text('ReclaimPolicy', 'reclaimPolicy'),
      text('VolumeBindingMode', 'volumeBindingMode'),
      column('AllowVolumeExpansion', (object) => textOf(at(object, 'allowVolumeExpansion')) || 'false'),
      ageColumn,
    ],
  },
  {
    ...storage,
    kind: 'VolumeAttachment',
    resource: 'volumeattachments',
    singular: 'volumeattachment',
    subresources: ['status'],
    validateUpdate: (object, old) => fixed(object, old, 'source'),
  },
];
