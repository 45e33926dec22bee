import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { eventually } from '@cnap/testing';
import { idOf, type Change, type Scene } from './change.ts';

/** What the sample's template is made of. */
export async function sampleChart({ platform }: Scene): Promise<{ repoUrl: string; chart: string }> {
  const { templates } = await platform.as('seller').templates.listTemplates({});
  const kind = templates.find(({ name }) => name === 'Sample')?.sources[0]?.kind;
  if (kind?.case !== 'helmChart') throw new Error('there is no sample chart');
  return { repoUrl: kind.value.repoUrl, chart: kind.value.chart };
}

const packageReady = ({ platform, made }: Scene) =>
  eventually(
    async () => {
      const { package: built } = await platform
        .as('seller')
        .packages.getPackage({ id: idOf(made, 'package') });
      if (built?.state !== PackageState.READY) throw new Error('the package is not ready');
    },
    { timeoutMs: 60_000 },
  );

/** Where software runs, what it is made of, and how it is offered. */
export const offers: Change[] = [
  {
    method: 'RegionService/CreateRegion',
    by: 'stranger',
    async call({ regions }, traced, { made }) {
      made['region'] = (await regions.createRegion({ name: 'Away' }, traced)).region?.id ?? '';
    },
    actions: ['clusters.v1.region.created'],
  },
  {
    method: 'RegionService/UpdateRegion',
    by: 'stranger',
    call: ({ regions }, traced, { made }) =>
      regions.updateRegion({ id: idOf(made, 'region'), name: 'Far away' }, traced),
    actions: ['clusters.v1.region.updated'],
  },
  {
    method: 'ClusterService/ImportCluster',
    by: 'stranger',
    async call({ clusters }, traced, { platform, made }) {
      const { kubeconfig } = platform.kubesim;
      const request = { name: 'Mine', regionId: idOf(made, 'region'), kubeconfig };
      made['cluster'] = (await clusters.importCluster(request, traced)).cluster?.id ?? '';
    },
    actions: ['clusters.v1.cluster.created', 'clusters.v1.cluster.running'],
  },
  {
    method: 'ClusterService/UpdateCluster',
    by: 'stranger',
    call: ({ clusters }, traced, { made }) =>
      clusters.updateCluster({ id: idOf(made, 'cluster'), name: 'Renamed' }, traced),
    actions: ['clusters.v1.cluster.updated'],
  },
  {
    method: 'ClusterService/DeleteCluster',
    by: 'stranger',
    call: ({ clusters }, traced, { made }) => clusters.deleteCluster({ id: idOf(made, 'cluster') }, traced),
    actions: ['clusters.v1.cluster.deleted'],
  },
  {
    method: 'RegionService/DeleteRegion',
    by: 'stranger',
    call: ({ regions }, traced, { made }) => regions.deleteRegion({ id: idOf(made, 'region') }, traced),
    actions: ['clusters.v1.region.deleted'],
  },
  {
    method: 'TemplateService/CreateTemplate',
    by: 'seller',
    async call({ templates }, traced, scene) {
      const value = { ...(await sampleChart(scene)), version: '' };
      const { template, packageId } = await templates.createTemplate(
        { name: 'Made', sources: [{ kind: { case: 'helmChart', value } }] },
        traced,
      );
      Object.assign(scene.made, { template: template?.id ?? '', package: packageId });
    },
    actions: ['catalog.v1.template.created'],
  },
  {
    method: 'TemplateService/UpdateTemplate',
    by: 'seller',
    call: ({ templates }, traced, { made }) =>
      templates.updateTemplate({ id: idOf(made, 'template'), name: 'Changed' }, traced),
    actions: ['catalog.v1.template.updated'],
  },
  {
    method: 'PackageService/BuildPackage',
    by: 'seller',
    when: packageReady,
    call: ({ packages }, traced, { made }) =>
      packages.buildPackage({ templateId: idOf(made, 'template') }, traced),
    actions: ['catalog.v1.package.queued'],
  },
  {
    method: 'ProductService/CreateProduct',
    by: 'seller',
    async call({ products }, traced, { platform, made }) {
      const { product } = await products.createProduct(
        { name: 'Made', templateId: idOf(made, 'template'), clusterIds: [platform.sample.cluster_id] },
        traced,
      );
      made['product'] = product?.id ?? '';
    },
    actions: ['catalog.v1.product.published'],
  },
  {
    method: 'ProductService/UpdateProduct',
    by: 'seller',
    call: ({ products }, traced, { made }) =>
      products.updateProduct(
        { id: idOf(made, 'product'), change: { name: 'Changed' }, updateMask: { paths: ['name'] } },
        traced,
      ),
    actions: ['catalog.v1.product.updated'],
  },
  {
    method: 'ProductService/RetireProduct',
    by: 'seller',
    call: ({ products }, traced, { made }) => products.retireProduct({ id: idOf(made, 'product') }, traced),
    actions: ['catalog.v1.product.retired'],
  },
  {
    method: 'ProductService/DeleteProduct',
    by: 'seller',
    call: ({ products }, traced, { made }) => products.deleteProduct({ id: idOf(made, 'product') }, traced),
    actions: ['catalog.v1.product.deleted'],
  },
  {
    method: 'TemplateService/DeleteTemplate',
    by: 'seller',
    call: ({ templates }, traced, { made }) =>
      templates.deleteTemplate({ id: idOf(made, 'template') }, traced),
    actions: ['catalog.v1.template.deleted'],
  },
  {
    method: 'RegistryCredentialService/CreateRegistryCredential',
    by: 'seller',
    async call({ registryCredentials }, traced, { made }) {
      const { registryCredential } = await registryCredentials.createRegistryCredential(
        {
          name: 'Private',
          registryUrl: 'https://registry.example.com',
          type: RegistryCredentialType.BASIC,
          username: 'u',
          secret: 'canary-password',
        },
        traced,
      );
      made['credential'] = registryCredential?.id ?? '';
    },
    actions: ['catalog.v1.registry_credential.created'],
  },
  {
    method: 'RegistryCredentialService/DeleteRegistryCredential',
    by: 'seller',
    call: ({ registryCredentials }, traced, { made }) =>
      registryCredentials.deleteRegistryCredential({ id: idOf(made, 'credential') }, traced),
    actions: ['catalog.v1.registry_credential.deleted'],
  },
];
