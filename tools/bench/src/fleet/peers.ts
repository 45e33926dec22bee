// What the installer asks of other services, answered from memory: so that what is measured is the installer.
import process from 'node:process';
import { create } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { ProductSchema } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { candidateOf, packageOf } from '../peers/offered.ts';
import { servePeers, type ServedPeers } from '../peers/serve.ts';
import { packagedChart } from './chart.ts';

/** A cluster, and the product that is installed there and nowhere else. */
export type Place = { clusterId: string; regionId: string; productId: string };

export type Peers = ServedPeers & {
  places: Place[];
  workspaceId: string;
  sellerWorkspaceId: string;
};

export async function startPeers(kubeconfigs: readonly string[]): Promise<Peers> {
  process.env['LOG_LEVEL'] ??= 'error'; // a slow answer on a busy machine is no news here
  const sellerWorkspaceId = newId('ws');
  const chart = packagedChart();
  const pack = packageOf('app', chart);
  const places = kubeconfigs.map(() => ({
    clusterId: newId('clu'),
    regionId: newId('reg'),
    productId: newId('prd'),
  }));
  const products = new Map(places.map((place) => [place.productId, productOf(place)]));
  const candidates = places.map(({ clusterId, regionId }, index) =>
    candidateOf(
      {
        clusterId,
        regionId,
        workspaceId: sellerWorkspaceId,
        regionName: `Region ${index}`,
        name: `Cluster ${index}`,
      },
      { installLimits: { cpu: '4', memory: '8Gi' } },
    ),
  );
  function productOf({ productId: id, clusterId }: Place) {
    const { templateId } = pack;
    const inputSchema = { type: 'object', properties: {} };
    const its = { id, templateId, workspaceId: sellerWorkspaceId, name: 'Storm' };
    return create(ProductSchema, { ...its, clusterIds: [clusterId], inputSchema });
  }

  const served = await servePeers({
    catalog(router) {
      router.rpc(ProductDetailService.method.getProductDetail, ({ productId }) => {
        const product = products.get(productId);
        return product ? { product, package: pack } : {};
      });
      router.rpc(ArtifactService.method.getPackageDetail, () => ({ package: pack }));
      router.rpc(ArtifactService.method.getArtifact, async function* () {
        yield { chunk: chart };
      });
    },
    clusters(router) {
      router.rpc(ClusterCredentialService.method.getClusterCredential, ({ clusterId }) => ({
        kubeconfig: kubeconfigs[places.findIndex((place) => place.clusterId === clusterId)] ?? '',
        workspaceId: sellerWorkspaceId,
      }));
      router.rpc(PlacementCandidateService.method.listPlacementCandidates, ({ clusterIds }) => ({
        candidates: candidates.filter((one) => clusterIds.includes(one.clusterId)),
      }));
    },
  });
  return {
    ...served,
    places,
    workspaceId: newId('ws'),
    sellerWorkspaceId,
  };
}
