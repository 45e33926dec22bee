import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import type { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import type { Database } from '../database.ts';
import type { SigningKeys } from '../signing-key/keys.ts';
import { addressSubject, takeFrom } from '../rate-limit/limit.ts';
import { resolveCaller } from './resolve.ts';

const lifetimeSeconds = 60;

type Deps = {
  db: Database;
  keys: SigningKeys;
  operators: ReadonlySet<string>;
  issuer: string;
  now: () => Date;
};

export const callerRpc = ({ db, keys, operators, issuer, now }: Deps): ServiceImpl<typeof CallerService> => ({
  async resolveCaller(request) {
    const time = now();
    const caller = await resolveCaller(
      (work) => db.acrossWorkspaces(work),
      request,
      operators,
      issuer,
      time,
    ).catch(async (error: unknown) => {
      // Wrong credentials are counted, right ones never: nobody is shut out by a neighbour behind the same address.
      if (error instanceof DomainError && error.kind === 'unauthenticated' && request.address !== '') {
        await takeFrom(db, 'wrong token by address', addressSubject(request.address));
      }
      throw error;
    });
    const signer = await keys.signer();
    return {
      callerToken: await signer.sign(caller),
      expireTime: timestampFromMs(time.getTime() + lifetimeSeconds * 1_000),
      userId: caller.userId,
      credentialId: caller.credentialId,
      workspaceId: caller.workspaceId ?? '',
    };
  },

  async getSigningKeys() {
    return { jwksJson: JSON.stringify(await keys.jwks()) };
  },
});
