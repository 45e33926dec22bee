// What the installer asks of other services, answered from memory: so that what is measured is the installer.
import { createHash } from 'node:crypto';
import process from 'node:process';
import { create } from '@bufbuild/protobuf';
import {
  createCallerVerifier,
  createServiceIdentity,
  generateKeys,
  publicJwk,
  type ServiceIdentity,
} from '@cnap/auth';
import { newId } from '@cnap/ids';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { PackageSchema, PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { ProductSchema } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import {
  PlacementCandidateSchema,
  PlacementCandidateService,
} from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { startRpcServer } from '@cnap/rpc';
import { packagedChart } from './chart.ts';

/** A cluster, and the product that is installed there and nowhere else. */
export type Place = { clusterId: string; regionId: string; productId: string };

export type Peers = AsyncDisposable & {
  /** Settings that lead the installer to them. */
  environment: Record<string, string>;
  places: Place[];
  workspaceId: string;
  sellerWorkspaceId: string;
  /** What billing is to the installer. */
  billing: ServiceIdentity;
};

const plenty = { cpuMillis: 10n ** 9n, memoryBytes: 10n ** 15n, pods: 1_000_000n, nodes: 100 };

export async function startPeers(kubeconfigs: readonly string[]): Promise<Peers> {
  process.env['LOG_LEVEL'] ??= 'error'; // a slow answer on a busy machine is no news here
  const sellerWorkspaceId = newId('ws');
  const chart = packagedChart();
  const digest = `sha256:${createHash('sha256').update(chart).digest('hex')}`;
  const pack = create(PackageSchema, {
    id: newId('pkg'),
    templateId: newId('tpl'),
    version: '1.0.0',
    state: PackageState.READY,
    digest,
    sources: [{ sourceId: newId('src'), alias: 'app' }],
    needs: { cpuMillis: 10n, memoryBytes: 16_777_216n, pods: 1 },
  });
  const places = kubeconfigs.map(() => ({
    clusterId: newId('clu'),
    regionId: newId('reg'),
    productId: newId('prd'),
  }));
  const products = new Map(places.map((place) => [place.productId, productOf(place)]));
  const candidates = places.map(({ clusterId, regionId }, index) =>
    create(PlacementCandidateSchema, {
      clusterId,
      regionId,
      workspaceId: sellerWorkspaceId,
      regionName: `Region ${index}`,
      name: `Cluster ${index}`,
      state: ClusterState.RUNNING,
      kubernetesVersion: 'v1.36.3',
      capacity: plenty,
      settings: { installLimits: { cpu: '4', memory: '8Gi' } },
    }),
  );
  function productOf({ productId: id, clusterId }: Place) {
    const { templateId } = pack;
    const inputSchema = { type: 'object', properties: {} };
    const its = { id, templateId, workspaceId: sellerWorkspaceId, name: 'Storm' };
    return create(ProductSchema, { ...its, clusterIds: [clusterId], inputSchema });
  }

  const callers = generateKeys();
  const services = { billing: generateKeys(), installer: generateKeys() };
  const publicKeys = { billing: services.billing.publicKey, installer: services.installer.publicKey };
  const jwks = { keys: [publicJwk('bench', callers.publicKey)] };
  const verifierFor = (audience: string) =>
    createCallerVerifier({ getKeys: () => Promise.resolve(jwks), serviceKeys: publicKeys, audience });
  const serve = (service: string, rest: Pick<Parameters<typeof startRpcServer>[0], 'services' | 'routes'>) =>
    startRpcServer({
      service,
      port: 0,
      verifyCaller: (token) => verifierFor(service).verify(token),
      ...rest,
    });

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
        router.rpc(ProductDetailService.method.getProductDetail, ({ productId }) => {
          const product = products.get(productId);
          return product ? { product, package: pack } : {};
        });
        router.rpc(ArtifactService.method.getPackageDetail, () => ({ package: pack }));
        router.rpc(ArtifactService.method.getArtifact, async function* () {
          yield { chunk: chart };
        });
        router.rpc(RegistrySecretService.method.getRegistrySecret, () => ({}));
      },
    }),
  );
  const clusters = parts.use(
    await serve('clusters', {
      services: [ClusterCredentialService, PlacementCandidateService],
      routes(router) {
        router.rpc(ClusterCredentialService.method.getClusterCredential, ({ clusterId }) => ({
          kubeconfig: kubeconfigs[places.findIndex((place) => place.clusterId === clusterId)] ?? '',
          workspaceId: sellerWorkspaceId,
        }));
        router.rpc(PlacementCandidateService.method.listPlacementCandidates, ({ clusterIds }) => ({
          candidates: candidates.filter((one) => clusterIds.includes(one.clusterId)),
        }));
      },
    }),
  );
  const running = parts.move();
  return {
    environment: {
      CNAP_IDENTITY_URL: identity.url,
      CNAP_CATALOG_URL: catalog.url,
      CNAP_CLUSTERS_URL: clusters.url,
      CNAP_SERVICE_PRIVATE_KEY: services.installer.privateKey,
      CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    },
    places,
    workspaceId: newId('ws'),
    sellerWorkspaceId,
    billing: createServiceIdentity({ service: 'billing', privateKey: services.billing.privateKey }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
