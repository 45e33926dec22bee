import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import type { Database, Tx } from '../database.ts';
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
    // Wrong credentials are counted, right ones never: nobody is shut out by a neighbour behind the same address.
    const onWrong = async () => {
      if (request.address === '') return;
      await takeFrom(db, 'wrong token by address', addressSubject(request.address));
    };
    const read = <T>(work: (tx: Tx) => Promise<T>) => db.acrossWorkspaces(work);
    const caller = await resolveCaller(read, request, operators, issuer, onWrong, time);
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
