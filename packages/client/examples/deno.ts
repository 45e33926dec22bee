// deno run --allow-net --allow-env deno.ts
import { createCnapClient, pages, reasonOf } from '@cnap/client';

const cnap = createCnapClient({
  baseUrl: Deno.env.get('CNAP_URL') ?? 'http://127.0.0.1:8080',
  token: Deno.env.get('CNAP_TOKEN') ?? '',
  workspaceId: Deno.env.get('CNAP_WORKSPACE') ?? '',
});

const { user } = await cnap.users.getCurrentUser({});
console.log(`you are ${user?.email}`);

for await (const { id, name } of pages(cnap.clusters.listClusters, { pageSize: 100 })) {
  // A watch says at once how things are, and then each change.
  for await (const { cluster } of cnap.clusters.watchCluster({ id })) {
    console.log(`${name} serves Kubernetes ${cluster?.kubernetesVersion}`);
    break;
  }
}

try {
  await cnap.clusters.getCluster({ id: 'clu_00000000000000000000000000' });
} catch (error) {
  console.log(`refused: ${reasonOf(error)}`);
}
