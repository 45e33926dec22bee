// What a cluster's facts do to the connection that all installs on it share.
import { create } from '@bufbuild/protobuf';
import { formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, startFaultProxy } from '@cnap/testing';
import { expect, test } from 'vitest';
import { startPublisher } from './publisher.ts';
import { startTestInstaller } from './test-installer.ts';

test('another kubeconfig or version makes the connection anew; more room leaves it alone', async () => {
  await using installer = await startTestInstaller();
  await using clusters = await startPublisher(installer, 'clusters');
  const config = parseKubeconfig(installer.sim.kubeconfig);
  await using proxy = await startFaultProxy(config.server);
  await using moved = await startFaultProxy(config.server);
  const behind = (url: string) => formatKubeconfig({ ...config, server: url });
  const { clusterId, regionId } = installer.peers.aCluster(behind(proxy.url));
  const tell = (version: number, kubeconfigRevision: string, kubernetesVersion = 'v1.36.3') =>
    clusters.publish({
      resource: 'cluster',
      fact: 'updated',
      id: clusterId,
      version,
      schema: ClusterEventSchema,
      message: create(ClusterEventSchema, { clusterId, kubeconfigRevision, kubernetesVersion }),
    });
  const watches = (of: typeof proxy) =>
    [...of.underWay.values()].filter((line) => line.includes('watch=true') && line.includes('deployments'));
  const lists = () => proxy.requests.filter((line) => line.includes('/deployments?limit')).length;

  const { id } = await installer.ensure(installer.aProduct({ clusterIds: [clusterId] }), { regionId });
  await installer.until(id, InstallState.RUNNING);
  await tell(1, 'a');
  await eventually(() => expect(lists()).toBe(2));
  await eventually(() => expect(watches(proxy)).toHaveLength(1));
  await tell(2, 'a'); // more room
  await tell(3, 'a', 'v1.37.0');
  await eventually(() => expect(lists()).toBe(3));
  await eventually(() => expect(watches(proxy)).toHaveLength(1));

  installer.peers.kubeconfigs.set(clusterId, behind(moved.url));
  await tell(4, 'b', 'v1.37.0');
  await eventually(() => expect(watches(moved)).toHaveLength(1));
  await eventually(() => expect(watches(proxy)).toHaveLength(0));
  expect(lists()).toBe(3);
  expect((await installer.get(id)).state).toBe(InstallState.RUNNING);
});
