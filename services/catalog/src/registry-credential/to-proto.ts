import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type RegistryCredential,
  RegistryCredentialSchema,
  RegistryCredentialType,
} from '@cnap/proto/cnap/catalog/v1/registry_credential';
import type { RegistryCredentialRow } from '../database.ts';

export const credentialTypes: Record<RegistryCredentialRow['type'], RegistryCredentialType> = {
  basic: RegistryCredentialType.BASIC,
  token: RegistryCredentialType.TOKEN,
  oauth: RegistryCredentialType.OAUTH,
};

/** Everything but its secret. */
export const credentialToProto = (row: RegistryCredentialRow): RegistryCredential =>
  create(RegistryCredentialSchema, {
    id: row.id,
    name: row.name,
    registryUrl: row.registry_url,
    type: credentialTypes[row.type],
    username: row.username,
    isActive: row.is_active,
    createTime: timestampFromDate(row.create_time),
    ...(row.last_use_time === null ? {} : { lastUseTime: timestampFromDate(row.last_use_time) }),
  });
