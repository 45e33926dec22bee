import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import { mergeType } from './contract-objects.ts';
import type { Target } from './target.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Boats of a group, once they are established. */
async function define(target: Target, group: string, subresources: object): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await target.call('POST', crds, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boats.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources }],
    },
  });
  await target.eventually(async () => {
    const { body } = await target.call('GET', `${crds}/boats.${group}`);
    return body.status?.conditions?.some(
      (item: { type: string; status: string }) => item.type === 'Established' && item.status === 'True',
    );
  });
}

export const defining: Record<string, Case> = {
  'a CRD is established, served, and takes its resources with it': async (target, ns) => {
    const group = `${ns}.example.com`;
    await define(target, group, { status: {} });
    const boats = `/apis/${group}/v1/namespaces/${ns}/boats`;
    const made = await target.eventually(async () => {
      const answer = await target.call('POST', boats, {
        apiVersion: `${group}/v1`,
        kind: 'Boat',
        metadata: { name: 'b' },
        spec: { sails: 2 },
        status: { wet: true },
      });
      return answer.code === 201 && answer;
    });
    expect(made.body).toMatchObject({ spec: { sails: 2 }, metadata: { generation: 1 } });
    expect(made.body.status).toBeUndefined();
    const status = await target.call('PATCH', `${boats}/b/status`, { status: { wet: false } }, mergeType);
    expect(status.body).toMatchObject({ status: { wet: false }, metadata: { generation: 1 } });
    await target.call('DELETE', `${crds}/boats.${group}`);
    await target.eventually(async () => (await target.call('GET', `${crds}/boats.${group}`)).code === 404);
    await target.eventually(async () => (await target.call('GET', boats)).code === 404);
  },
  'a custom resource is scaled where its definition says': async (target, ns) => {
    const group = `${ns}.example.com`;
    const scale = {
      specReplicasPath: '.spec.crew.wanted',
      statusReplicasPath: '.status.aboard',
      labelSelectorPath: '.status.selector',
    };
    await define(target, group, { status: {}, scale });
    const boats = `/apis/${group}/v1/namespaces/${ns}/boats`;
    const boat = {
      apiVersion: `${group}/v1`,
      kind: 'Boat',
      metadata: { name: 'b' },
      spec: { crew: { wanted: 3 } },
    };
    await target.eventually(async () => (await target.call('POST', boats, boat)).code === 201);
    await target.call('PATCH', `${boats}/b/status`, { status: { aboard: 2, selector: 'a=b' } }, mergeType);
    const read = await target.call('GET', `${boats}/b/scale`);
    expect(read.body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    });
    const stale = { metadata: { resourceVersion: '1' }, spec: { replicas: 1 } };
    expect((await target.call('PATCH', `${boats}/b/scale`, stale, mergeType)).body.reason).toBe('Conflict');
    const none = await target.call('PATCH', `${boats}/b/scale`, { spec: { replicas: 0 } }, mergeType);
    expect(none.body.spec).toEqual({});
    expect((await target.call('GET', `${boats}/b`)).body.spec).toEqual({ crew: { wanted: 0 } });
    await target.call('DELETE', `${crds}/boats.${group}`);
  },
  'a kind that is new has no history before it': async (target, ns) => {
    const group = `${ns}.example.com`;
    await define(target, group, {});
    const boats = `/apis/${group}/v1/namespaces/${ns}/boats`;
    const list = await target.eventually(async () => {
      const answer = await target.call('GET', boats);
      return answer.code === 200 && answer;
    });
    await using expired = await target.watch(`${boats}?watch=true&resourceVersion=1`);
    expect(await expired.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    await using watch = await target.watch(
      `${boats}?watch=true&resourceVersion=${list.body.metadata.resourceVersion}`,
    );
    await target.call('POST', boats, { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'b' } });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
    await target.call('DELETE', `${crds}/boats.${group}`);
  },
};
