import { messageOf } from '@cnap/errors';
import { KubernetesError } from '@cnap/kubernetes';
import type { Trouble } from '../cluster/port.ts';

/** Why a cluster cannot be used, in words that say what to do where something can be done. */
export function troubleOf(error: unknown): { reason: Trouble; message: string } {
  if (!(error instanceof KubernetesError)) return { reason: 'NO_ANSWER', message: messageOf(error) };
  const { code, message } = error;
  if (code === 401) {
    return {
      reason: 'CREDENTIALS_REFUSED',
      message:
        'It refuses the kubeconfig’s credentials: they have expired or were withdrawn. Replace the kubeconfig.',
    };
  }
  if (code === 403) {
    return {
      reason: 'PERMISSIONS_MISSING',
      message: `The kubeconfig’s user may not do what installs need: ${message}.`,
    };
  }
  if (error.reason === 'Untrusted') {
    return {
      reason: 'CERTIFICATE_UNTRUSTED',
      message: `${message}. If it was given another CA, replace the kubeconfig.`,
    };
  }
  return { reason: code === 0 ? 'NO_ANSWER' : 'CLUSTER_FAILS', message };
}
