// Several who write one object, on a real control plane: what others own stays theirs, what left the chart goes.
import { realKubernetes } from '@cnap/testing';
import { InstallDriftPolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
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
const apps = { apiVersion: 'apps/v1', kind: 'Deployment' };
const web = chart(
  {
    'templates/web.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: { {{ if .Values.note }}note: {{ .Values.note | quote }}{{ end }} }
spec:
  {{- if .Values.replicas }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: c
          image: "docker.io/library/nginx:{{ .Values.tag }}"
          env: [{{ range .Values.env }}{ name: {{ . }}, value: theirs },{{ end }}]`,
    'templates/secret.yaml':
      '{ apiVersion: v1, kind: Secret, metadata: { name: s }, data: { p: {{ randAlphaNum 20 | b64enc }} } }',
  },
  { tag: 'one', note: 'first', env: ['A', 'B'], replicas: null },
);

type Seen = {
  metadata: { annotations?: Record<string, string>; labels?: Record<string, string> };
  spec: {
    replicas: number;
    template: { spec: { containers: { image: string; env?: { name: string }[] }[] } };
  };
};
const seen = async (namespace: string) => {
  const { metadata, spec } = (await real.get(apps, 'web', namespace)) as unknown as Seen;
  const [container] = spec.template.spec.containers;
  return {
    replicas: spec.replicas,
    image: container?.image.split(':')[1],
    env: container?.env?.map(({ name }) => name) ?? [],
    note: metadata.annotations?.['note'],
    team: metadata.labels?.['team'],
  };
};
const write = (namespace: string, patch: object, fieldManager: string) =>
  real.cluster.patch({ ...apps, name: 'web', namespace }, patch, { type: 'strategic', fieldManager });

test(
  'what an autoscaler and a person own survives updates and rollbacks; what left the chart goes',
  how,
  async () => {
    const install = await real.install(web);
    const { id, namespace, releaseId } = install;
    // As an autoscaler does it, and a person with kubectl: fields that the chart does not have.
    await real.cluster.patch({ ...apps, name: 'web', namespace }, { spec: { replicas: 3 } }, {
    subresource: 'scale',
    fieldManager: 'horizontal-pod-autoscaler',
  }); // prettier-ignore
    await write(namespace, { metadata: { labels: { team: 'blue' } } }, 'kubectl-label');
    const extra = { name: 'THEIRS', value: 'mine' };
    await write(
      namespace,
      { spec: { template: { spec: { containers: [{ name: 'c', env: [extra] }] } } } },
      'kubectl-edit',
    );
    const theirs = { replicas: 3, team: 'blue' };
    await real.update(id, { tag: 'two', note: null, env: ['B'] });
    expect(await seen(namespace)).toEqual({
    ...theirs, image: 'two', note: undefined, env: expect.toSatisfy((env: string[]) => env.toSorted().join() === 'B,THEIRS'),
  }); // prettier-ignore
    await real.installer.as('seller').installs.rollbackInstall({ id, releaseId });
    await eventually(async () =>
      expect(await real.installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 3 }),
    );
    expect(await seen(namespace)).toEqual({
    ...theirs, image: 'one', note: 'first', env: expect.toSatisfy((env: string[]) => env.toSorted().join() === 'A,B,THEIRS'),
  }); // prettier-ignore
    await real.remove(install);
  },
);

test(
  'a field that the chart has is the chart’s: what a person changed in it is undone by the next release',
  how,
  async () => {
    const install = await real.install(web, { values: { app: { replicas: 2 } } });
    const { id, namespace } = install;
    await real.installer.as('seller').installs.updateInstall({ id, driftPolicy: InstallDriftPolicy.WARN });
    await write(
      namespace,
      { spec: { replicas: 1 }, metadata: { annotations: { note: 'by hand' } } },
      'kubectl-edit',
    );
    expect(await seen(namespace)).toMatchObject({ replicas: 1, note: 'by hand' });
    await real.update(id, { tag: 'two' });
    expect(await seen(namespace)).toMatchObject({ replicas: 2, note: 'first', image: 'two' });
    // Once the chart leaves a field to others it is theirs.
    await real.update(id, { tag: 'two', replicas: null });
    await write(namespace, { spec: { replicas: 4 } }, 'kubectl-scale');
    await real.update(id, { tag: 'three', replicas: null });
    expect(await seen(namespace)).toMatchObject({ replicas: 4, image: 'three' });
    await real.remove(install);
  },
);

test(
  'a release that does not become healthy goes back once, its password and what others own intact',
  how,
  async () => {
    const install = await real.install(web);
    const { id, namespace } = install;
    const password = await real.data('Secret', namespace, 's');
    await write(namespace, { metadata: { labels: { team: 'blue' } } }, 'kubectl-label');
    const seller = real.installer.as('seller');
    const updates = [{ sourceId: 'src_one', values: { tag: 'never-pulls', note: 'second' } }];
    await seller.installs.updateInstallOverrides({ id, updates });
    await eventually(async () => expect((await real.installer.get(id)).message).toMatch(/cannot be pulled/));
    await real.shortDeadline(id, 1);
    await eventually(async () => expect((await real.installer.get(id)).revision).toBe(3));
    // Going back has the time that it needs.
    await real.shortDeadline(id, 600_000);
    const { conditions } = await real.installer.until(id, InstallState.RUNNING);
    expect(conditions.find(({ type }) => type === 'Updated')).toMatchObject({
      met: false,
      reason: 'UPDATE_NOT_HEALTHY',
      message: expect.stringMatching(/cannot be pulled/),
    });
    expect(await seen(namespace)).toMatchObject({ image: 'one', note: 'first', team: 'blue' });
    expect(await real.data('Secret', namespace, 's')).toEqual(password);
    const { releases } = await seller.releases.listReleases({ installId: id });
    expect(releases.map(({ revision }) => revision)).toEqual([3, 2, 1]);
    await real.remove(install);
  },
);
