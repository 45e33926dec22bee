import type { DescMethod } from '@bufbuild/protobuf';
import { ConnectError, type HandlerContext } from '@connectrpc/connect';
import { actorOf, type Caller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { adoptActor, type Actor } from '@cnap/telemetry';
import { authorize, isReadOnly } from './access.ts';
import { callKey } from './call.ts';
import type { Fail } from './failure.ts';
import type { HeaderReader } from './unary-context.ts';

/** The address of the client, which the gateway puts on internal calls of callers without a token. */
export const clientAddressHeader = 'x-cnap-client-address';

/** Lets a call pass, or throws what its caller is told. */
export type Gate = (context: GateContext) => Promise<void>;
type GateContext = Pick<HandlerContext, 'values' | 'method' | 'protocolName'> & {
  requestHeader: HeaderReader;
  signal?: AbortSignal;
};

/**
 * Finds out who calls and whether they may, before anything of the request's body is read. What the handler
 * and its streams do afterwards is done in the caller's name.
 */
export function createGate(verifyCaller: (token: string) => Promise<Caller>, fail: Fail): Gate {
  return async (context): Promise<void> => {
    const call = context.values.get(callKey);
    if (call === undefined) throw new ConnectError('the call did not come through the server');
    call.protocol = context.protocolName;
    try {
      call.caller = await authenticate(context.requestHeader, call.address, verifyCaller);
      adoptActor(actorFor(context.method, call.caller));
      authorize(context.method, call.caller);
    } catch (error) {
      throw fail(error, call, context.signal);
    }
  };
}

/** Who reads changes nothing: what the platform learns, and writes down, while it answers is its own doing. */
const actorFor = (method: DescMethod, caller: Caller): Actor =>
  isReadOnly(method) ? { ...actorOf(caller), onBehalf: true } : actorOf(caller);

async function authenticate(
  header: HeaderReader,
  socketAddress: string | undefined,
  verifyCaller: (token: string) => Promise<Caller>,
): Promise<Caller> {
  const authorization = header.get('authorization');
  if (authorization === null) {
    const address = header.get(clientAddressHeader) ?? socketAddress;
    return address === undefined ? { kind: 'anonymous' } : { kind: 'anonymous', address };
  }
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw new DomainError(
      'unauthenticated',
      'CREDENTIAL_INVALID',
      'The header Authorization is not a bearer token.',
    );
  }
  return verifyCaller(token);
}
