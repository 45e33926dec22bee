import { createCallerVerifier, createServiceIdentity, parseServiceKeys } from '@cnap/auth';
import type { CallerVerifier, ServiceIdentity } from '@cnap/auth';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { peerClient } from '@cnap/rpc';

/** The part of the settings that says who a service is and whom it believes. */
export type CallerSettings = {
  CNAP_SERVICE_PRIVATE_KEY: string;
  CNAP_SERVICE_PUBLIC_KEYS: string;
  CNAP_IDENTITY_URL: string;
};

/** Makes a service's own identity, and the check of its callers' tokens against the keys that identity publishes. */
export function callersOf(
  service: string,
  config: CallerSettings,
  getKeys?: Parameters<typeof createCallerVerifier>[0]['getKeys'],
): { identity: ServiceIdentity; verifier: CallerVerifier } {
  const identity = createServiceIdentity({ service, privateKey: config.CNAP_SERVICE_PRIVATE_KEY });
  const peer = getKeys
    ? undefined
    : peerClient(CallerService, { baseUrl: config.CNAP_IDENTITY_URL, audience: 'identity', identity });
  const verifier = createCallerVerifier({
    audience: service,
    serviceKeys: parseServiceKeys(config.CNAP_SERVICE_PUBLIC_KEYS),
    getKeys: getKeys ?? (async () => JSON.parse((await peer?.getSigningKeys({}))?.jwksJson ?? '{"keys":[]}')),
  });
  return { identity, verifier };
}
