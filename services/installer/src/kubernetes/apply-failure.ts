import { KubernetesError, type ObjectRef, describeRef } from '@cnap/kubernetes';

import type { ApplyFailure } from './port.ts';
import { explainRefusal } from './waiting.ts';

/**
 * What an error of an apply means. Permanent is what the API server calls invalid or forbidden; whatever can be
 * different in a minute is not: the cluster's troubles, a namespace that is going or not there yet, a webhook that
 * does not answer.
 */
export function applyFailure(error: unknown, ref: ObjectRef): ApplyFailure {
  if (!(error instanceof KubernetesError)) throw error;
  return {
    ref,
    permanent: isPermanent(error),
    reason: error.reason,
    message: `${describeRef(ref)}: ${inWords(error.message)}`,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

/** With the reason first where it has a name; else as the API server says it. */
function inWords(message: string): string {
  const { reason, message: words } = explainRefusal(message);
  return reason === 'FailedCreate' ? message : words;
}

function isPermanent(error: KubernetesError): boolean {
  if (error.reason === 'UnknownKind') return true;
  switch (error.code) {
    case 400:
    case 405:
    case 413:
    case 415:
    case 422:
      return true;
    case 403:
      return !/being terminated|not yet ready to handle request/.test(error.message);
    case 500:
      // Server-side apply answers 500 for what does not fit the schema.
      return error.message.startsWith('failed to create typed patch object');
    default:
      return false;
  }
}

/** A cluster-wide object, or one in a namespace of its own, that somebody else has. */
export function ownedByAnother(ref: ObjectRef, owner: 'another' | 'person'): ApplyFailure {
  const whose =
    owner === 'another' ? 'belongs to another install' : 'is there already and was not made by this install';
  return { ref, permanent: true, reason: 'OwnedByAnother', message: `${describeRef(ref)} ${whose}` };
}
