import { gunzipSync, gzipSync } from 'node:zlib';
import type { Hook } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';
import type { Keyring } from '@cnap/secrets';
import type { InstallRow, ReleaseRow } from '../database.ts';

/** Exactly what a release applies, in order. */
export type Manifests = { crds: KubeObject[]; objects: KubeObject[]; hooks: Hook[] };

/** Manifests hold passwords: they are packed and sealed. */
export const sealManifests = (keyring: Keyring, releaseId: string, manifests: Manifests): Uint8Array =>
  keyring.seal(gzipSync(JSON.stringify(manifests)), releaseId);

export const openManifests = (keyring: Keyring, releaseId: string, sealed: Uint8Array): Manifests =>
  JSON.parse(gunzipSync(keyring.open(sealed, releaseId)).toString()) as Manifests;

/** What is stored of a release that this run has made itself need not be read and opened again. */
export type OpenedOnce = {
  of(row: InstallRow): Promise<Manifests>;
  /** Of a release that is about to be stored; it counts once an install has this release. */
  keep(releaseId: string, manifests: Manifests): void;
};

/** Opens an install's manifests once per release, however many steps need them. */
export function openedOnce(keyring: Keyring, load: (releaseId: string) => Promise<ReleaseRow>): OpenedOnce {
  let opened: { releaseId: string; manifests: Manifests } | undefined;
  return {
    async of({ release_id: releaseId }) {
      if (releaseId === null) return { crds: [], objects: [], hooks: [] };
      if (opened?.releaseId !== releaseId) {
        const release = await load(releaseId);
        opened = { releaseId, manifests: openManifests(keyring, releaseId, release.sealed_manifests) };
      }
      return opened.manifests;
    },
    keep(releaseId, manifests) {
      // As it would be read.
      opened = { releaseId, manifests: JSON.parse(JSON.stringify(manifests)) as Manifests };
    },
  };
}
