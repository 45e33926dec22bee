import { createHash } from 'node:crypto';

import type { KubeObject } from '@cnap/kubernetes';

/** Under this name everything is applied. */
export const fieldManager = 'cnap';

/** An entry of `metadata.managedFields`. */
export type FieldsEntry = {
  manager?: string;
  operation?: string;
  subresource?: string;
  time?: string;
  fieldsV1?: Record<string, unknown>;
};

export const fieldsEntries = (object: KubeObject): FieldsEntry[] =>
  (object.metadata['managedFields'] ?? []) as FieldsEntry[];

export const isOurs = ({ manager, operation, subresource }: FieldsEntry): boolean =>
  manager === fieldManager && operation === 'Apply' && !subresource;

/**
 * Tells whether somebody touched what we applied. Under server-side apply whoever gives one of our fields another
 * value, or takes it away, takes it out of our entry in `managedFields`; whatever others do with fields of their own
 * leaves that entry as it is. So it stays equal as long as every field of ours has the value that we gave it.
 * Empty when nothing of the object is ours.
 */
export function signatureOf(object: KubeObject): string {
  const ours = fieldsEntries(object).filter(isOurs);
  if (ours.length === 0) return '';
  const fields = JSON.stringify(ours.map(({ fieldsV1 }) => fieldsV1));
  return createHash('sha1').update(fields).digest('base64url').slice(0, 12);
}
