import type { Fields, KubeObject } from '../objects/object.ts';
import { isFields } from '../objects/object.ts';

/** Kubernetes stores none of these when they are empty; nobody owns them then, and who fills them made them. */
export function omitEmpty(object: KubeObject): void {
  drop(object.metadata, ['labels', 'annotations', 'finalizers', 'ownerReferences']);
  if (object.kind === 'ConfigMap' || object.kind === 'Secret') drop(object, ['data', 'binaryData']);
}

function drop(target: Fields, names: string[]): void {
  for (const name of names) {
    const value = target[name];
    const isEmpty = Array.isArray(value)
      ? value.length === 0
      : isFields(value) && Object.keys(value).length === 0;
    if (isEmpty) delete target[name];
  }
}
