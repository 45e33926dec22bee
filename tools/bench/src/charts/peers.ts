// What the installer asks of other services, for one chart after the other; and who asks it for installs.
import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import {
  createCallerSigner,
  createCallerVerifier,
  generateKeys,
  publicJwk,
  type UserCaller,
} from '@cnap/auth';
import { newId } from '@cnap/ids';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { PackageSchema, PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { InputFill, ProductSchema } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { PodSecurity } from '@cnap/proto/cnap/catalog/v1/template';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import {
  PlacementCandidateSchema,
  PlacementCandidateService,
} from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { startRpcServer } from '@cnap/rpc';
import type { Published } from './published.ts';

export type Seller = AsyncDisposable & {
  /** Settings that lead the installer here. */
  environment: Record<string, string>;
  regionId: string;
  /** Offers a chart from now on. */
  offer(chart: Published): { productId: string; sourceId: string };
  /** A token of the seller, good for some seconds. */
  token(): Promise<string>;
};

const level = PodSecurity.PRIVILEGED; // as a namespace of helm's is

export async function startSeller(kubeconfig: string): Promise<Seller> {
  const [workspaceId, clusterId, regionId] = [newId('ws'), newId('clu'), newId('reg')];
  const offered = new Map<string, { product: ReturnType<typeof productOf>; pack: ReturnType<typeof packOf> }>();
  const artifacts = new Map<string, Uint8Array>();
  const candidate = create(PlacementCandidateSchema, {
    clusterId,
    regionId,
    workspaceId,
    regionName: 'Here',
    name: 'Real',
    state: ClusterState.RUNNING,
    kubernetesVersion: 'v1.36.3',
    capacity: { cpuMillis: 10n ** 9n, memoryBytes: 10n ** 15n, pods: 1_000_000n, nodes: 100 },
    settings: {},
  });
  const packOf = ({ name, artifact }: Published) =>
    create(PackageSchema, {
      id: newId('pkg'),
      templateId: newId('tpl'),
      version: '1.0.0',
      state: PackageState.READY,
      digest: `sha256:${createHash('sha256').update(artifact).digest('hex')}`,
      sources: [{ sourceId: newId('src'), alias: name }],
      needs: { cpuMillis: 10n, memoryBytes: 16_777_216n, pods: 1 },
    });
  const productOf = ({ name, values, wantsNamespace }: Published, templateId: string) =>
    create(ProductSchema, {
      id: newId('prd'),
      templateId,
      workspaceId,
      name: 'Chart',
      clusterIds: [clusterId],
      inputSchema: { type: 'object', properties: {} },
      values: { [name]: values },
      inputs: wantsNamespace
        ? [{ name: 'ns', sourceAlias: name, path: 'global.namespace', fill: InputFill.NAMESPACE }]
        : [],
    });

  const callers = generateKeys();
  const installer = generateKeys();
  const publicKeys = { installer: installer.publicKey };
  const jwks = { keys: [publicJwk('bench', callers.publicKey)] };
  const serve = (service: string, rest: Pick<Parameters<typeof startRpcServer>[0], 'services' | 'routes'>) => {
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
        router.rpc(ProductDetailService.method.getProductDetail, ({ productId }) => {
          const found = offered.get(productId);
          return found ? { product: found.product, package: found.pack, podSecurity: level } : {};
        });
        router.rpc(ArtifactService.method.getPackageDetail, ({ packageId }) => {
          const found = [...offered.values()].find(({ pack }) => pack.id === packageId);
          return found ? { package: found.pack, podSecurity: level } : {};
        });
        router.rpc(ArtifactService.method.getArtifact, async function* ({ digest }) {
          yield { chunk: artifacts.get(digest) ?? new Uint8Array() };
        });
        router.rpc(RegistrySecretService.method.getRegistrySecret, () => ({}));
      },
    }),
  );
  const clusters = parts.use(
    await serve('clusters', {
      services: [ClusterCredentialService, PlacementCandidateService],
      routes(router) {
        router.rpc(ClusterCredentialService.method.getClusterCredential, () => ({ kubeconfig, workspaceId }));
        router.rpc(PlacementCandidateService.method.listPlacementCandidates, () => ({ candidates: [candidate] }));
      },
    }),
  );
  const signer = createCallerSigner({ keyId: 'bench', privateKey: callers.privateKey });
  const seller: UserCaller = {
    kind: 'user',
    userId: newId('usr'),
    email: 'seller@example.com',
    name: 'Seller',
    workspaceId,
    role: 'owner',
    readOnly: false,
    operator: false,
    credentialId: newId('tok'),
  };
  const running = parts.move();
  return {
    environment: {
      CNAP_IDENTITY_URL: identity.url,
      CNAP_CATALOG_URL: catalog.url,
      CNAP_CLUSTERS_URL: clusters.url,
      CNAP_SERVICE_PRIVATE_KEY: installer.privateKey,
      CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    },
    regionId,
    offer(chart) {
      const pack = packOf(chart);
      const product = productOf(chart, pack.templateId);
      artifacts.set(pack.digest, chart.artifact);
      offered.set(product.id, { product, pack });
      return { productId: product.id, sourceId: pack.sources[0]?.sourceId ?? '' };
    },
    token: () => signer.sign(seller),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
