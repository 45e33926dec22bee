import {
  type Caller,
  createCallerSigner,
  createCallerVerifier,
  createServiceIdentity,
  generateKeys,
  publicJwk,
  type Role,
  type ServiceIdentity,
  type UserCaller,
} from '@cnap/auth';
import { newId } from '@cnap/ids';

const services = ['gateway', 'identity', 'clusters', 'catalog', 'billing', 'installer'] as const;
export type TestService = (typeof services)[number];

/** Somebody with a role in the workspace under test, or `stranger`: the owner of another workspace. */
export type TestPerson = Role | 'stranger';

export interface TestKeys {
  /** The workspace of everybody but the stranger. */
  readonly workspaceId: string;
  readonly strangerWorkspaceId: string;
  /** Who a person is: always the same user id for the same person of these keys. */
  person(as: TestPerson, change?: Partial<UserCaller>): UserCaller;
  /** A caller token, as the gateway would send it; `change` makes it an operator, read-only, of no workspace … */
  tokenOf(as: TestPerson, change?: Partial<UserCaller>): Promise<string>;
  /** Signs any caller. */
  sign(caller: UserCaller): Promise<string>;
  /** For `startRpcServer` of the named service. */
  verifierFor(audience: string): (token: string) => Promise<Caller>;
  /** For `peerClient`, as the named service. */
  identityOf(service: TestService): ServiceIdentity;
  /** What identity's GetSigningKeys answers. */
  readonly jwks: { keys: ReturnType<typeof publicJwk>[] };
  /** CNAP_SERVICE_PRIVATE_KEY and CNAP_SERVICE_PUBLIC_KEYS for the named service. */
  environmentOf(service: TestService): Record<string, string>;
}

const keyId = 'test';

/** New keys for callers and services, so that a service can be called as anybody without identity running. */
export function testKeys(): TestKeys {
  const callerKeys = generateKeys();
  const serviceKeys = new Map(services.map((service) => [service, generateKeys()]));
  const publicKeys = Object.fromEntries(
    [...serviceKeys].map(([service, { publicKey }]) => [service, publicKey]),
  );
  const privateKeyOf = (service: TestService) => {
    const keys = serviceKeys.get(service);
    if (!keys) throw new Error(`there is no service ${service}`);
    return keys.privateKey;
  };
  const signer = createCallerSigner({ keyId, privateKey: callerKeys.privateKey });
  const jwks = { keys: [publicJwk(keyId, callerKeys.publicKey)] };
  const workspaceId = newId('ws');
  const strangerWorkspaceId = newId('ws');
  const people = new Map<TestPerson, UserCaller>();

  const person = (as: TestPerson, change: Partial<UserCaller> = {}): UserCaller => {
    let known = people.get(as);
    if (!known) {
      known = {
        kind: 'user',
        userId: newId('usr'),
        email: `${as}@example.test`,
        name: `Test ${as}`,
        workspaceId: as === 'stranger' ? strangerWorkspaceId : workspaceId,
        role: as === 'stranger' ? 'owner' : as,
        readOnly: false,
        operator: false,
        credentialId: newId('tok'),
      };
      people.set(as, known);
    }
    return { ...known, ...change };
  };

  return {
    workspaceId,
    strangerWorkspaceId,
    person,
    tokenOf: (as, change) => signer.sign(person(as, change)),
    sign: (caller) => signer.sign(caller),
    verifierFor(audience) {
      const verifier = createCallerVerifier({ getKeys: async () => jwks, serviceKeys: publicKeys, audience });
      return (token) => verifier.verify(token);
    },
    identityOf: (service) => createServiceIdentity({ service, privateKey: privateKeyOf(service) }),
    jwks,
    environmentOf: (service) => ({
      CNAP_SERVICE_PRIVATE_KEY: privateKeyOf(service),
      CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    }),
  };
}
