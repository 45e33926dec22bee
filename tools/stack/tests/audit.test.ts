// The audit log of the whole platform: every public method that changes something leaves an entry, with who did it,
// with what, from where and in which trace. A new method fails here until it is called below or excepted with a reason.
import { randomBytes } from 'node:crypto';
import { rpcServices } from '@cnap/proto';
import { isInternal, isReadOnly } from '@cnap/rpc';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change, Made, Scene } from './audit/change.ts';
import { offers } from './audit/offers.ts';
import { people } from './audit/people.ts';
import { sales } from './audit/sales.ts';
import { startPlatform, type Platform } from './platform.ts';
import { buyOnce } from './sales.ts';

const changes = [...offers, ...people, ...sales];

/** Methods that leave no entry here, and why. */
const exceptions: Record<string, string> = {
  'AdoptionService/AdoptRelease':
    'needs a release of the real Helm; it makes a template and an install, as CreateStandaloneInstall does',
  'ClusterService/CheckKubeconfig': 'looks at a cluster and stores nothing',
  'ClusterService/ForgetCluster':
    'takes a cluster that is silent for 30 s: services/clusters/tests/forget.test.ts',
  'KubeconfigService/CreateKubeconfig': 'hands out nothing: every cluster is an imported one',
  'OrderService/CreatePortalSession': 'a link to Stripe; what is changed there comes back from Stripe',
  'PodService/ExecPod': 'services/installer/tests/exec.test.ts has its fact',
};

let platform: Platform;
let scene: Scene;
beforeAll(async () => {
  platform = await startPlatform();
  const { orderId } = await buyOnce(platform, platform.sample.products.one_time);
  const made: Made = { order: orderId };
  scene = { platform, made };
});
afterAll(() => platform[Symbol.asyncDispose]());

type Entry = {
  workspace_id: string;
  action: string;
  actor_email: string;
  credential_id: string;
  address: string;
};

async function entriesOf(traceId: string): Promise<Entry[]> {
  const { rows } = await platform.database.query<Entry>(
    `select workspace_id, action, actor_email, credential_id, address
     from identity.audit_entries where trace_id = $1 order by action, workspace_id`,
    [traceId],
  );
  return rows;
}

function newTrace() {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, traced: { headers: { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` } } };
}

test('every method that changes something is called, or excepted', () => {
  const changing = Object.values(rpcServices)
    .flatMap((services) => services.flatMap(({ methods }) => methods))
    .filter((method) => !isInternal(method) && !isReadOnly(method))
    .map((method) => `${method.parent.name}/${method.name}`);
  const known = [...changes.map(({ method }) => method), ...Object.keys(exceptions)];
  expect(known.toSorted(), 'add a call to tools/stack/tests/audit/').toEqual(changing.toSorted());
});

describe.each(changes)('$method', (change: Change) => {
  test(`is in the log as ${change.actions.join(', ')}`, async () => {
    const { traceId, traced } = newTrace();
    const person = change.by === 'anonymous' ? undefined : platform.sample[change.by];
    await change.when?.(scene);
    const workspaceId = change.workspace?.(scene.made) ?? person?.workspace_id ?? '';
    await change.call(platform.as(change.by, { workspaceId }), traced, scene);
    const workspaceIds = change.logs?.(scene) ?? [workspaceId];
    const wanted = change.actions.flatMap((action) =>
      workspaceIds.map((id) => ({
        workspace_id: id,
        action,
        actor_email: person?.email,
        credential_id: expect.stringMatching(/^tok_/),
        address: expect.stringMatching(/\S/),
      })),
    );
    await eventually(async () => {
      const found = await entriesOf(traceId);
      expect(found).toEqual(expect.arrayContaining(wanted));
      for (const entry of found) expect(wanted).toContainEqual(entry);
    });
  });
});

test('reading leaves no entries, and the log itself is read over REST', async () => {
  const { traceId, traced } = newTrace();
  const seller = platform.as('seller');
  await seller.prices.listPrices({}, traced);
  await seller.sellerAccounts.getSellerAccount({}, traced);
  await seller.installs.listInstalls({}, traced);
  const { token, workspace_id: workspaceId } = platform.sample.seller;
  const answer = await fetch(`${platform.url}/v1/audit_entries?limit=2&action=installer.v1.install`, {
    headers: { authorization: `Bearer ${token}`, 'x-workspace-id': workspaceId },
    signal: AbortSignal.timeout(10_000),
  });
  expect(answer.status).toBe(200);
  const body = await answer.json();
  expect(body).toMatchObject({
    data: [
      { action: 'installer.v1.install.deleting', actor_kind: 'USER', credential_kind: 'TOKEN' },
      { workspace_id: workspaceId, occurred_at: expect.any(Number) },
    ],
    pagination: { has_more: true },
  });
  expect(await entriesOf(traceId)).toEqual([]);
});
