import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { DomainError } from '@cnap/errors';
import type { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { callerOf } from '@cnap/rpc';
import type { ServiceImpl } from '@connectrpc/connect';
import { dockerConfigJson, registryOfImage } from './registry.ts';
import type { SignIns } from './sign-in.ts';

export const registrySecretRpc = ({
  signIns,
}: {
  signIns: SignIns;
}): ServiceImpl<typeof RegistrySecretService> => ({
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
    const found = await signIns.forHosts(request.workspaceId, hosts, context.signal);
    const [first] = found.flatMap(({ expireTime }) => expireTime ?? []).toSorted((a, b) => +a - +b);
    return {
      dockerConfigJson: dockerConfigJson(found),
      ...(first === undefined ? {} : { expireTime: timestampFromDate(first) }),
    };
  },
});
