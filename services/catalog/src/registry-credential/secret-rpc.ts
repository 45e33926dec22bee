import { DomainError } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import type { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { callerOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import { dockerConfigJson, registryOfImage } from './registry.ts';
import { useCredentialsFor } from './store.ts';

type Deps = { db: Database<CatalogDatabase>; keyring: Keyring };

/** What registries take as a user name beside a token, when the seller names none. */
const defaultUsername = { basic: '', token: 'token', oauth: 'oauth2accesstoken' } as const;

export const registrySecretRpc = ({ db, keyring }: Deps): ServiceImpl<typeof RegistrySecretService> => ({
  async getRegistrySecret(request, context) {
    const caller = callerOf(context);
    if (caller.kind !== 'service' || caller.service !== 'installer') {
      throw new DomainError(
        'permission-denied',
        'PERMISSION_DENIED',
        'Only the installer may read registry secrets.',
      );
    }
    const hosts = [...new Set(request.images.map(registryOfImage))].filter((host) => !host.includes('\0'));
    const rows = await db.inWorkspace(request.workspaceId, (tx) =>
      useCredentialsFor(tx, request.workspaceId, hosts),
    );
    const signIns = rows.map((row) => ({
      registryHost: row.registry_host,
      username: row.username === '' ? defaultUsername[row.type] : row.username,
      password: keyring.openText(row.secret, row.id),
    }));
    return { dockerConfigJson: dockerConfigJson(signIns) };
  },
});
