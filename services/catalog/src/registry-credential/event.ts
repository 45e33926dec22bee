import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { RegistryCredentialEventSchema } from '@cnap/proto/cnap/catalog/v1/registry_credential_event';
import type { RegistryCredentialRow } from '../database.ts';
import { credentialTypes } from './to-proto.ts';

// A credential is made and deleted, and never changed.
const versions = { created: 1, deleted: 2 };

const credentialFact =
  (fact: 'created' | 'deleted') =>
  (row: RegistryCredentialRow): Fact => ({
    service: 'catalog',
    resource: 'registry_credential',
    fact,
    id: row.id,
    version: versions[fact],
    workspaceIds: [row.workspace_id],
    schema: RegistryCredentialEventSchema,
    message: create(RegistryCredentialEventSchema, {
      registryCredentialId: row.id,
      workspaceId: row.workspace_id,
      name: row.name,
      registryUrl: row.registry_url,
      type: credentialTypes[row.type],
    }),
  });

export const credentialCreated = credentialFact('created');
export const credentialDeleted = credentialFact('deleted');
