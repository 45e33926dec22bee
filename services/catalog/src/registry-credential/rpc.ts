import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { invalidField } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { pageQuery } from '@cnap/pages';
import { type Database, firstResult } from '@cnap/postgres';
import {
  type RegistryCredential,
  RegistryCredentialSchema,
  RegistryCredentialType,
} from '@cnap/proto/cnap/catalog/v1/registry_credential';
import {
  CreateRegistryCredentialRequestSchema,
  CreateRegistryCredentialResponseSchema,
  type RegistryCredentialService,
} from '@cnap/proto/cnap/catalog/v1/registry_credential_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { repeatable } from '@cnap/service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase, RegistryCredentialRow } from '../database.ts';
import { pageFrom } from '../page.ts';
import { registryOfUrl } from './registry.ts';
import {
  deleteRegistryCredential,
  getRegistryCredential,
  insertRegistryCredential,
  listRegistryCredentials,
} from './store.ts';

type Deps = { db: Database<CatalogDatabase>; keyring: Keyring };

const types: Record<RegistryCredentialRow['type'], RegistryCredentialType> = {
  basic: RegistryCredentialType.BASIC,
  token: RegistryCredentialType.TOKEN,
  oauth: RegistryCredentialType.OAUTH,
};

export const registryCredentialRpc = ({
  db,
  keyring,
}: Deps): ServiceImpl<typeof RegistryCredentialService> => ({
  async getRegistryCredential(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => getRegistryCredential(tx, workspaceId, request.id));
    return { registryCredential: toProto(row) };
  },

  async listRegistryCredentials(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const found = await db.inWorkspace(workspaceId, (tx) => listRegistryCredentials(tx, workspaceId, page));
    const { rows, nextPageToken } = pageFrom(found, page);
    return { registryCredentials: rows.map(toProto), nextPageToken };
  },

  async createRegistryCredential(request, context) {
    const workspaceId = workspaceOf(context);
    const registryHost = registryOfUrl(request.registryUrl.trim());
    if (registryHost === undefined) {
      throw invalidField(
        'registry_url',
        'must be a registry such as "ghcr.io" or "https://registry.example.com"',
      );
    }
    const type = (Object.keys(types) as RegistryCredentialRow['type'][]).find(
      (key) => types[key] === request.type,
    );
    if (type === 'basic' && request.username === '') throw invalidField('username', 'must not be empty');
    const repeat = repeatable(
      context,
      workspaceId,
      CreateRegistryCredentialRequestSchema,
      request,
      CreateRegistryCredentialResponseSchema,
    );
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const id = newId('key');
        const row = await insertRegistryCredential(tx, {
          id,
          workspaceId,
          name: request.name,
          registryUrl: request.registryUrl,
          registryHost,
          type: type ?? 'basic',
          username: request.username,
          secret: keyring.seal(request.secret, id),
        });
        return create(CreateRegistryCredentialResponseSchema, { registryCredential: toProto(row) });
      }),
    );
  },

  async deleteRegistryCredential(request, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, (tx) => deleteRegistryCredential(tx, workspaceId, request.id));
    return {};
  },
});

const toProto = (row: RegistryCredentialRow): RegistryCredential =>
  create(RegistryCredentialSchema, {
    id: row.id,
    name: row.name,
    registryUrl: row.registry_url,
    type: types[row.type],
    username: row.username,
    isActive: row.is_active,
    createTime: timestampFromDate(row.create_time),
    ...(row.last_use_time === null ? {} : { lastUseTime: timestampFromDate(row.last_use_time) }),
  });
