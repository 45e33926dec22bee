// The services that an installer asks, each on a port of its own, with answers that the benchmark gives.
import {
  createCallerSigner,
  createCallerVerifier,
  createServiceIdentity,
  generateKeys,
  publicJwk,
  type ServiceIdentity,
  type UserCaller,
} from '@cnap/auth';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { startRpcServer } from '@cnap/rpc';

type Served = Pick<Parameters<typeof startRpcServer>[0], 'services' | 'routes'>;

export type ServedPeers = AsyncDisposable & {
  /** Settings that lead the installer to them. */
  environment: Record<string, string>;
  /** What billing is to the installer. */
  billing: ServiceIdentity;
  /** A token of the caller, good for some seconds. */
  sign(caller: UserCaller): Promise<string>;
};

/**
 * @param catalog answers ProductDetailService and ArtifactService
 * @param clusters answers ClusterCredentialService and PlacementCandidateService
 */
export async function servePeers(answers: {
  catalog: Served['routes'];
  clusters: Served['routes'];
}): Promise<ServedPeers> {
  const callers = generateKeys();
  const services = { billing: generateKeys(), installer: generateKeys() };
  const publicKeys = { billing: services.billing.publicKey, installer: services.installer.publicKey };
  const jwks = { keys: [publicJwk('bench', callers.publicKey)] };
  const serve = (service: string, rest: Served) => {
    const keys = { getKeys: () => Promise.resolve(jwks), serviceKeys: publicKeys, audience: service };
    const verifier = createCallerVerifier(keys);
    return startRpcServer({ service, port: 0, verifyCaller: (token) => verifier.verify(token), ...rest });
  };

  await using parts = new AsyncDisposableStack();
  const identity = parts.use(
    await serve('identity', {
      services: [CallerService],
      routes: (router) =>
        router.rpc(CallerService.method.getSigningKeys, () => ({ jwksJson: JSON.stringify(jwks) })),
    }),
  );
  const catalog = parts.use(
    await serve('catalog', {
      services: [ProductDetailService, ArtifactService, RegistrySecretService],
      routes(router) {
        answers.catalog(router);
        router.rpc(RegistrySecretService.method.getRegistrySecret, () => ({}));
      },
    }),
  );
  const clusters = parts.use(
    await serve('clusters', {
      services: [ClusterCredentialService, PlacementCandidateService],
      routes: answers.clusters,
    }),
  );
  const signer = createCallerSigner({ keyId: 'bench', privateKey: callers.privateKey });
  const running = parts.move();
  return {
    environment: {
      CNAP_IDENTITY_URL: identity.url,
      CNAP_CATALOG_URL: catalog.url,
      CNAP_CLUSTERS_URL: clusters.url,
      CNAP_SERVICE_PRIVATE_KEY: services.installer.privateKey,
      CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    },
    billing: createServiceIdentity({ service: 'billing', privateKey: services.billing.privateKey }),
    sign: (caller) => signer.sign(caller),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
