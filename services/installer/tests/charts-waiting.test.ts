// Why something waits, on a real control plane: what its scheduler, its controllers and its admission say, in words.
import { WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chart, startOnReal, type OnReal } from './real-cluster.ts';

const skip = (await realKubernetes()) === undefined;
let real: OnReal;
beforeAll(async () => {
  if (skip) return;
  const started = await startOnReal();
  if (started) real = started;
});
afterAll(() => real?.[Symbol.asyncDispose]());

const how = { concurrent: true, skip };
const workload = (kind: string, container: string, spec = '') => `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      ${spec}
      containers: [{ name: c, ${container} }]`;
const image = 'image: docker.io/library/nginx';

test.each<[string, string, RegExp]>([
  ['an image that cannot be pulled', workload('Deployment', `${image}:never-pulls`), /The image docker.io\/library\/nginx:never-pulls cannot be pulled: .*pull/],
  ['a container that keeps crashing', workload('Deployment', `${image}:crashes`), /Container c keeps crashing: it ended with exit code 1, restarted \d+ times. It said last:\n./],
  ['a node that there is not', workload('Deployment', `${image}, resources: { requests: { cpu: 3900m }, limits: { cpu: 3900m } }`, 'nodeSelector: { none: such }'), /No node fits: .*node affinity/],
  ['more memory than the install may have', workload('Deployment', `${image}, resources: { requests: { memory: 900Gi }, limits: { memory: 900Gi } }`), /limits for this install are used up: .*exceeded quota/],
  ['a quota that is used up', workload('Deployment', `${image}, resources: { requests: { cpu: "5" }, limits: { cpu: "5" } }`), /limits for this install are used up: .*exceeded quota/],
  ['a DaemonSet that wants the node’s files', workload('DaemonSet', image, 'volumes: [{ name: v, hostPath: { path: /var/log } }]'), /ask for more rights than the cluster grants: .*hostPath/],
  ['a volume of a class that there is not', `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], storageClassName: none-such, resources: { requests: { storage: 1Gi } } }`, /volume cannot be made: .*none-such/],
  ['a probe that fails', workload('Deployment', `${image}:never-ready, readinessProbe: { httpGet: { path: /, port: 80 } }`), /0 of 1 pods available|does not answer its probe/],
])('%s', how, async (_, text, words) => {
  const { id, orderId } = await real.begin(chart({ 'templates/x.yaml': text }));
  await eventually(async () => {
    const { state, message } = await real.installer.get(id, 'buyer');
    expect(state).toBe(InstallState.DEPLOYING);
    expect(message).toMatch(words);
  });
  await real.remove({ id, orderId });
}); // prettier-ignore

test(
  'a webhook of the cluster that does not answer; it goes on by itself when that is over',
  how,
  async () => {
    const name = `down-${process.pid}.example.com`;
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name,
          clientConfig: { url: 'https://127.0.0.1:1/x' },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          objectSelector: { matchLabels: { asks: name } },
          failurePolicy: 'Fail',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          timeoutSeconds: 1,
        },
      ],
    };
    await real.cluster.create(configuration);
    const text = workload('Deployment', image).replace(
      'labels: { app: web }',
      `labels: { app: web, asks: ${name} }`,
    );
    const { id, orderId } = await real.begin(chart({ 'templates/x.yaml': text }));
    await eventually(async () => {
      const { message } = await real.installer.get(id, 'buyer');
      expect(message).toMatch(
        /A webhook of the cluster that has to agree does not answer: .*connection refused/,
      );
    });
    await real.cluster.delete({ ...configuration, name });
    await real.installer.until(id, InstallState.RUNNING);
    await real.remove({ id, orderId });
  },
);

test('what nobody waits for is told all the same, and waited for where its source says so', how, async () => {
  const group = `wait${process.pid}.example.com`;
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const notReady = { conditions: [{ type: 'Ready', status: 'False', message: 'no backend' }] };
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              'x-kubernetes-preserve-unknown-fields': true,
              properties: { status: { ...anything, default: notReady } },
            },
          },
        },
      ],
    },
  };
  const widget = (name: string, annotations: object) =>
    JSON.stringify({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name, annotations }, spec: {} });
  const files = (annotations: object) => ({
    'crds/crd.yaml': JSON.stringify(crd),
    'templates/w.yaml': widget('w', annotations),
    'templates/api.yaml': JSON.stringify({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1.away-${group}` },
      spec: {
        group: `away-${group}`,
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: 'none', namespace: 'default' },
      },
    }),
  });
  const first = await real.install(chart(files({})));
  await eventually(async () => {
    const { conditions } = await real.installer.get(first.id);
    const complete = conditions.find(({ type }) => type === 'Complete');
    expect(complete).toMatchObject({ met: false, reason: 'NotReady' });
    expect(complete?.message).toMatch(/Widget .*no backend/);
    expect(complete?.message).toMatch(/APIService v1.away-/);
  });
  await real.remove(first);
  const saying = [
    [files({ 'cnap.tech/wait': 'true' }), []],
    [files({}), [WaitFor.CUSTOM_RESOURCES]],
  ] as const;
  for (const [says, waitFor] of saying) {
    const sources = [{ sourceId: 'src_one', alias: 'app', waitFor: [...waitFor] }];
    const second = await real.begin(chart(says), { package: { sources } });
    const { namespace } = await eventually(async () => {
      const install = await real.installer.get(second.id);
      expect(install).toMatchObject({
        state: InstallState.DEPLOYING,
        message: expect.stringMatching(/no backend/),
      });
      return install;
    });
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
    await real.cluster.patch(
      { apiVersion: `${group}/v1`, kind: 'Widget', name: 'w', namespace },
      { status: ready },
    );
    await real.installer.until(second.id, InstallState.RUNNING);
    await real.remove(second);
  }
});
