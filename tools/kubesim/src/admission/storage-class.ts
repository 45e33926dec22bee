import { parse } from '../storage/store.ts';
import { below } from '../kinds/kind.ts';
import type { Admission } from './admission.ts';

/** Claims that name no class get the default one. */
export const defaultStorageClass: Admission = ({ cluster, kind, operation, object }) => {
  if (kind.resource !== 'persistentvolumeclaims' || kind.group || operation !== 'CREATE') return;
  const spec = below(object, 'spec');
  if (spec['storageClassName'] !== undefined) return;
  const classes = cluster.store.list('storageclasses.storage.k8s.io').map((entry) => parse(entry));
  const found = classes.find(
    (item) => item.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  );
  if (found) spec['storageClassName'] = found.metadata.name;
};
