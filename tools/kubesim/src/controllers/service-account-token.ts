import { randomBytes } from 'node:crypto';
import { findObject, saveObject } from '../api/cluster.ts';
import { below } from '../kinds/kind.ts';
import { serviceAccountUser } from '../http/subresource.ts';
import type { Controller } from './controller.ts';

const nameOf = 'kubernetes.io/service-account.name';

/** Fills Secrets of type `kubernetes.io/service-account-token`, which is how a lasting kubeconfig is made. */
export const serviceAccountTokenController: Controller = {
  name: 'service-account-token',
  watches: {
    secrets: ({ type, entry }) =>
      type !== 'DELETED' && entry.json.includes(nameOf)
        ? [{ namespace: entry.namespace, name: entry.name }]
        : [],
  },
  reconcile({ namespace, name }, { cluster, tokens }) {
    const secret = findObject(cluster, 'secrets', namespace, name);
    const account = secret?.metadata.annotations?.[nameOf];
    if (!secret || !account || secret['type'] !== 'kubernetes.io/service-account-token') return;
    const found = cluster.store.get('serviceaccounts', namespace, account);
    const data = below(secret, 'data');
    if (!found || data['token']) return;
    const token = randomBytes(24).toString('base64url');
    tokens.register(token, serviceAccountUser(namespace, account));
    data['token'] = Buffer.from(token).toString('base64');
    data['namespace'] = Buffer.from(namespace).toString('base64');
    secret.metadata.annotations = {
      ...secret.metadata.annotations,
      'kubernetes.io/service-account.uid': found.uid,
    };
    saveObject(cluster, 'secrets', secret);
  },
};
