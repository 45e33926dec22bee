import { create } from '@bufbuild/protobuf';
import { invalidField } from '@cnap/errors';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import { pageQuery } from '@cnap/pages';
import { type Database, firstResult } from '@cnap/postgres';
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
import { readCredentials } from './credentials.ts';
import { credentialCreated, credentialDeleted } from './event.ts';
import { registryOfUrl } from './registry.ts';
import {
  deleteRegistryCredential,
  getRegistryCredential,
  insertRegistryCredential,
  listRegistryCredentials,
} from './store.ts';
import { credentialToProto, credentialTypes } from './to-proto.ts';

type Deps = { db: Database<CatalogDatabase>; keyring: Keyring };

export const registryCredentialRpc = ({
  db,
  keyring,
}: Deps): ServiceImpl<typeof RegistryCredentialService> => ({
  async getRegistryCredential(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => getRegistryCredential(tx, workspaceId, request.id));
    return { registryCredential: credentialToProto(row) };
  },

  async listRegistryCredentials(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const found = await db.inWorkspace(workspaceId, (tx) => listRegistryCredentials(tx, workspaceId, page));
    const { rows, nextPageToken } = pageFrom(found, page);
    return { registryCredentials: rows.map(credentialToProto), nextPageToken };
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
    const type = (Object.keys(credentialTypes) as RegistryCredentialRow['type'][]).find(
      (key) => credentialTypes[key] === request.type,
    );
    if (type === undefined) throw invalidField('type', 'must be basic, token or oauth');
    const { secret, ...credentials } = readCredentials(type, request.credentials, request);
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
          type,
          ...credentials,
          secret: keyring.seal(secret, id),
        });
        await publish(tx, credentialCreated(row));
        return create(CreateRegistryCredentialResponseSchema, { registryCredential: credentialToProto(row) });
      }),
    );
  },

  async deleteRegistryCredential(request, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      const row = await deleteRegistryCredential(tx, workspaceId, request.id);
      await publish(tx, credentialDeleted(row));
    });
    return {};
  },
});
