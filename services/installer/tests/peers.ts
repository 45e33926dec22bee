// The services that the installer calls, as small servers whose answers a test sets.
import { create, type DescService, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { notFound } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { type Package, PackageSchema, PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { type Product, ProductSchema } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { TemplateSchema, type Template } from '@cnap/proto/cnap/catalog/v1/template';
import { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import {
  type PlacementCandidate,
  PlacementCandidateSchema,
  PlacementCandidateService,
} from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { type ConnectRouter, startRpcServer, workspaceOf } from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';
import { digestOf } from './charts.ts';

type New<S extends typeof ProductSchema | typeof PackageSchema | typeof PlacementCandidateSchema> = Exclude<
  MessageInitShape<S>,
  Product | Package | PlacementCandidate
>;
export type NewProduct = New<typeof ProductSchema> & {
  chart: Uint8Array;
  /** Fields of its package; null: it has none. */
  package?: New<typeof PackageSchema> | null;
};

export interface Peers extends AsyncDisposable {
  /** Settings that lead to them. */
  environment: Record<string, string>;
  products: Map<string, { product: Product; pack: Package | undefined }>;
  candidates: Map<string, PlacementCandidate>;
  kubeconfigs: Map<string, string>;
  /** What RegistrySecretService answers, and for how long from then it is of use; undefined: for ever. */
  dockerConfigJson: string;
  registryLifetimeMs: number | undefined;
  /** Calls by method name. */
  calls: Map<string, number>;
  /** Packages that were built apart from a product's. */
  packages: Map<string, Package>;
  templates: Map<string, Template>;
  /** What a build makes of a template's sources: its chart, and what else is told of the package. */
  build: (template: Template) => Promise<{ chart: Uint8Array } & New<typeof PackageSchema>>;
  aProduct(product: NewProduct): Product;
  /** Ends every build that is under way. */
  finishBuilds(): Promise<Package[]>;
  aCluster(kubeconfig: string, candidate?: New<typeof PlacementCandidateSchema>): PlacementCandidate;
}

export async function startPeers(keys: TestKeys, sellerWorkspaceId: string): Promise<Peers> {
  await using parts = new AsyncDisposableStack();
  const artifacts = new Map<string, Uint8Array>();
  const serve = async (service: string, services: DescService[], routes: (router: ConnectRouter) => void) =>
    parts.use(
      await startRpcServer({ service, port: 0, services, routes, verifyCaller: keys.verifierFor(service) }),
    ).url;
  const called = (name: string) => peers.calls.set(name, (peers.calls.get(name) ?? 0) + 1);

  const peers: Omit<Peers, typeof Symbol.asyncDispose> = {
    environment: {},
    products: new Map(),
    candidates: new Map(),
    kubeconfigs: new Map(),
    dockerConfigJson: '',
    registryLifetimeMs: undefined,
    calls: new Map(),
    packages: new Map(),
    templates: new Map(),
    build: () => Promise.reject(new Error('no build was expected')),
    async finishBuilds() {
      const waiting = [...peers.packages.values()].filter(({ state }) => state === PackageState.QUEUED);
      for (const pack of waiting) {
        const template = peers.templates.get(pack.templateId);
        if (!template) continue;
        const { chart, ...told } = await peers.build(template);
        artifacts.set(digestOf(chart), chart);
        Object.assign(
          pack,
          create(PackageSchema, {
            id: pack.id,
            templateId: pack.templateId,
            state: PackageState.READY,
            digest: digestOf(chart),
            version: pack.version,
            sources: template.sources.map(({ id, alias }) => ({ sourceId: id, alias })),
            ...told,
          }),
        );
      }
      return waiting;
    },
    aProduct({ chart, package: pack = {}, ...change }) {
      const digest = digestOf(chart);
      artifacts.set(digest, chart);
      const product = create(ProductSchema, {
        id: newId('prd'),
        workspaceId: sellerWorkspaceId,
        templateId: newId('tpl'),
        name: 'Sample',
        clusterIds: [...peers.candidates.keys()],
        inputSchema: { type: 'object', properties: {} },
        ...change,
      });
      const built =
        pack === null
          ? undefined
          : create(PackageSchema, {
              id: newId('pkg'),
              version: '1.0.0',
              state: PackageState.READY,
              digest,
              templateId: product.templateId,
              sources: [{ sourceId: 'src_sample', alias: 'app' }],
              needs: { cpuMillis: 60n, memoryBytes: 50_000_000n, pods: 2 },
              ...pack,
            });
      peers.products.set(product.id, { product, pack: built });
      return product;
    },
    aCluster(kubeconfig, candidate = {}) {
      const made = create(PlacementCandidateSchema, {
        clusterId: newId('clu'),
        workspaceId: sellerWorkspaceId,
        regionId: newId('reg'),
        regionName: 'Frankfurt',
        name: 'Home',
        state: ClusterState.RUNNING,
        kubernetesVersion: 'v1.36.3',
        capacity: { cpuMillis: 8_000n, memoryBytes: 16_000_000_000n, pods: 110n, nodes: 1 },
        settings: { installLimits: { cpu: '4', memory: '8Gi' }, baseDomain: 'apps.example.com' },
        ...candidate,
      });
      peers.candidates.set(made.clusterId, made);
      peers.kubeconfigs.set(made.clusterId, kubeconfig);
      return made;
    },
  };

  const identity = await serve('identity', [CallerService], (router) =>
    router.rpc(CallerService.method.getSigningKeys, () => ({ jwksJson: JSON.stringify(keys.jwks) })),
  );
  const catalog = await serve(
    'catalog',
    [ProductDetailService, ArtifactService, RegistrySecretService, TemplateService],
    (router) => {
      const queued = (templateId: string) => {
        const builds = [...peers.packages.values()].filter((one) => one.templateId === templateId).length;
        const pack = create(PackageSchema, {
          id: newId('pkg'),
          templateId,
          state: PackageState.QUEUED,
          version: `1.0.${builds}`,
        });
        peers.packages.set(pack.id, pack);
        return pack.id;
      };
      const made = new Map<string, { template: Template; packageId: string }>();
      router.service(TemplateService, {
        createTemplate({ name, sources, requestId }, context) {
          called('createTemplate');
          const known = made.get(requestId);
          if (known) return known;
          const template = create(TemplateSchema, {
            id: newId('tpl'),
            workspaceId: workspaceOf(context),
            name,
            sources: sources.map((source) => ({ ...source, id: newId('src'), alias: 'app' })),
          });
          peers.templates.set(template.id, template);
          const answer = { template, packageId: queued(template.id) };
          made.set(requestId, answer);
          return answer;
        },
        getTemplate({ id }, context) {
          const template = peers.templates.get(id);
          if (template?.workspaceId !== workspaceOf(context)) throw notFound('template', id);
          return { template };
        },
        updateTemplate({ id, sources }, context) {
          const template = peers.templates.get(id);
          if (template?.workspaceId !== workspaceOf(context)) throw notFound('template', id);
          template.sources = sources;
          return { template, packageId: queued(id) };
        },
      });
      router.service(ProductDetailService, {
        getProductDetail({ productId }) {
          called('getProductDetail');
          const found = peers.products.get(productId);
          if (!found) throw notFound('product', productId);
          return { product: found.product, ...(found.pack ? { package: found.pack } : {}) };
        },
      });
      router.service(ArtifactService, {
        async *getArtifact({ digest }) {
          called('getArtifact');
          const artifact = artifacts.get(digest);
          if (!artifact) throw notFound('artifact', digest);
          const half = Math.ceil(artifact.length / 2);
          yield { chunk: artifact.subarray(0, half) };
          yield { chunk: artifact.subarray(half) };
        },
        getPackageDetail({ packageId }) {
          called('getPackageDetail');
          const found =
            peers.packages.get(packageId) ??
            [...peers.products.values()].find(({ pack }) => pack?.id === packageId)?.pack;
          if (!found) throw notFound('package', packageId);
          return { package: found };
        },
      });
      router.service(RegistrySecretService, {
        getRegistrySecret() {
          called('getRegistrySecret');
          const { dockerConfigJson, registryLifetimeMs: ms } = peers;
          return ms === undefined
            ? { dockerConfigJson }
            : { dockerConfigJson, expireTime: timestampFromMs(Date.now() + ms) };
        },
      });
    },
  );
  const clusters = await serve(
    'clusters',
    [ClusterCredentialService, PlacementCandidateService],
    (router) => {
      router.service(ClusterCredentialService, {
        getClusterCredential({ clusterId }) {
          called('getClusterCredential');
          const kubeconfig = peers.kubeconfigs.get(clusterId);
          if (kubeconfig === undefined) throw notFound('cluster', clusterId);
          return { kubeconfig, workspaceId: sellerWorkspaceId };
        },
      });
      router.service(PlacementCandidateService, {
        listPlacementCandidates({ clusterIds, regionId }) {
          called('listPlacementCandidates');
          return {
            candidates: [...peers.candidates.values()].filter(
              (one) => clusterIds.includes(one.clusterId) && (regionId === '' || one.regionId === regionId),
            ),
          };
        },
      });
    },
  );
  peers.environment = {
    CNAP_IDENTITY_URL: identity,
    CNAP_CATALOG_URL: catalog,
    CNAP_CLUSTERS_URL: clusters,
  };
  const running = parts.move();
  return Object.assign(peers, { [Symbol.asyncDispose]: () => running.disposeAsync() });
}
