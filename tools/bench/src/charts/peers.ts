// What the installer asks of other services, for one chart after the other; and who asks it for installs.
import { create } from '@bufbuild/protobuf';
import type { UserCaller } from '@cnap/auth';
import { newId } from '@cnap/ids';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import type { Package } from '@cnap/proto/cnap/catalog/v1/package';
import { InputFill, type Product, ProductSchema } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { PodSecurity } from '@cnap/proto/cnap/catalog/v1/template';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { candidateOf, packageOf } from '../peers/offered.ts';
import { servePeers } from '../peers/serve.ts';
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
  const offered = new Map<string, { product: Product; pack: Package }>();
  const artifacts = new Map<string, Uint8Array>();
  const candidate = candidateOf({ clusterId, regionId, workspaceId, regionName: 'Here', name: 'Real' });
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
  const served = await servePeers({
    catalog(router) {
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
    },
    clusters(router) {
      router.rpc(ClusterCredentialService.method.getClusterCredential, () => ({ kubeconfig, workspaceId }));
      router.rpc(PlacementCandidateService.method.listPlacementCandidates, () => ({
        candidates: [candidate],
      }));
    },
  });
  return {
    environment: served.environment,
    regionId,
    offer(chart) {
      const pack = packageOf(chart.name, chart.artifact);
      const product = productOf(chart, pack.templateId);
      artifacts.set(pack.digest, chart.artifact);
      offered.set(product.id, { product, pack });
      return { productId: product.id, sourceId: pack.sources[0]?.sourceId ?? '' };
    },
    token: () => served.sign(seller),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}
