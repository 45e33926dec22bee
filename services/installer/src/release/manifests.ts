import { gunzipSync, gzipSync } from 'node:zlib';
import type { Hook } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';
import type { Keyring } from '@cnap/secrets';

/** Exactly what a release applies, in order. */
export type Manifests = { crds: KubeObject[]; objects: KubeObject[]; hooks: Hook[] };

/** Manifests hold passwords: they are packed and sealed. */
export const sealManifests = (keyring: Keyring, releaseId: string, manifests: Manifests): Uint8Array =>
  keyring.seal(gzipSync(JSON.stringify(manifests)), releaseId);

export const openManifests = (keyring: Keyring, releaseId: string, sealed: Uint8Array): Manifests =>
  JSON.parse(gunzipSync(keyring.open(sealed, releaseId)).toString()) as Manifests;
