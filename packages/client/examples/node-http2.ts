// node node-http2.ts, with @connectrpc/connect-node beside @cnap/client
import { createCnapClient, pages, reasonOf } from '@cnap/client';
import { http2Transport } from '@cnap/client/node';

const cnap = createCnapClient({
  baseUrl: process.env['CNAP_URL'] ?? 'http://127.0.0.1:8080',
  token: process.env['CNAP_TOKEN'] ?? '',
  workspaceId: process.env['CNAP_WORKSPACE'] ?? '',
  transport: http2Transport('grpc'), // or 'connect'
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
