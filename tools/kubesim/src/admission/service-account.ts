import { targetOf } from '../api/write.ts';
import { fieldsOf, textOf } from '../objects/object.ts';
import { forbidden } from '../objects/status-error.ts';
import type { Admission } from './admission.ts';

export const serviceAccountExists: Admission = ({ cluster, kind, operation, object }) => {
  if (kind.resource !== 'pods' || kind.group || operation !== 'CREATE') return;
  const namespace = object.metadata.namespace ?? '';
  const name = textOf(fieldsOf(object['spec'])['serviceAccountName']);
  if (cluster.store.get('serviceaccounts', namespace, name)) return;
  throw forbidden(
    targetOf(kind, object.metadata.name),
    `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
  );
};
