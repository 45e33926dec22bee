// The whole flow with secrets that can be told from everything else, as `npm start` runs it; then every log, every
// NATS message, every trace, every answer that shows an install or an error, and every row of every table is searched
// for them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { connect as connectCluster, parseKubeconfig } from '@cnap/kubernetes';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { InstallDriftPolicy } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { escapeIdentifier, Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kept } from '../src/kept.ts';
import { startPlatformProcess, type PlatformProcess } from '../src/fuzz/running-platform.ts';
import { payOnPage } from '../src/sale/pay.ts';

const marked = (what: string) => `canary-${what}-${randomBytes(9).toString('hex')}`;
const secrets: Record<string, string> = {
  password: marked('password'),
  'wrong password': marked('wrong'),
  'registry secret': marked('registry'),
  'secret input': marked('input'),
  'kubeconfig that fails': marked('kubeconfig'),
  'wrong token': `cnap_pat_${randomBytes(20).toString('hex')}`,
};

const parts = new AsyncDisposableStack();
const traces: string[] = [];
const answers: string[] = [];
let platform: PlatformProcess;
let seller: CnapClient;
let buyer: CnapClient;

beforeAll(async () => {
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      traces.push(Buffer.concat(chunks).toString('latin1'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  collector.listen(0, '127.0.0.1', resolve);
  await listening;
  parts.defer(() => void collector.close());
  const { port } = collector.address() as AddressInfo;
  platform = parts.use(
    await startPlatformProcess({
      LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    }),
  );
  const of = ({ token, workspace_id: workspaceId }: { token: string; workspace_id: string }) =>
    createCnapClient({ baseUrl: platform.dev.url, token, workspaceId, retries: 20 });
  seller = of(platform.dev.seller);
  buyer = of(platform.dev.buyer);
  secrets['token of the seller'] = platform.dev.seller.token;
  secrets['token of the buyer'] = platform.dev.buyer.token;
  const kubeconfig = await readFile(platform.dev.kubeconfig, 'utf8');
  secrets['credential of the cluster'] =
    /token: "?([^\s"]+)/.exec(kubeconfig)?.[1] ?? expect.fail(kubeconfig);
  const kept = JSON.parse(await readFile(join(platform.dataDir, 'kept.json'), 'utf8')) as Kept;
  for (const [name, { privateKey }] of Object.entries(kept.keys)) secrets[`key of ${name}`] = privateKey;
  for (const [name, password] of Object.entries(kept.passwords)) secrets[`password of ${name}`] = password;
  secrets['key-encryption key'] = kept.keyring.split(':')[1] ?? '';
  secrets['webhook secret'] = kept.webhookSecret;
  secrets['Stripe key'] = 'sk_test_simulated';
}, 300_000);
afterAll(() => parts.disposeAsync());

/** What was refused, with all that the answer says. */
async function refused(work: Promise<unknown>): Promise<void> {
  const error: unknown = await work.then(
    () => expect.fail('it was taken'),
    (thrown: unknown) => thrown,
  );
  answers.push(
    `${String(error)} ${JSON.stringify(error, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`,
  );
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<number> {
  const { url } = platform.dev;
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) answers.push(`${text} ${JSON.stringify([...response.headers])}`);
  return response.status;
}

test('the whole flow, with what goes wrong in it', async () => {
  const { dev } = platform;
  const [email, password] = ['canary@example.com', secrets['password'] ?? ''];
  expect(await post('/api/auth/sign-up/email', { name: 'Canary', email, password })).toBe(200);
  expect(await post('/api/auth/sign-in/email', { email, password: secrets['wrong password'] })).toBe(401);
  await post('/api/auth/sign-in/email', { email, password });
  await post('/v1/workspaces', { name: 5 }, { authorization: `Bearer ${dev.seller.token}` });

  const made = await buyer.tokens.createToken({ name: 'used' });
  secrets['new token'] = made.secret;
  const asNew = createCnapClient({ baseUrl: dev.url, token: made.secret });
  await asNew.users.getCurrentUser({});
  await buyer.tokens.deleteToken({ id: made.token?.id ?? '' });
  const asWrong = createCnapClient({ baseUrl: dev.url, token: secrets['wrong token'] ?? '' });
  await refused(asWrong.users.getCurrentUser({}));

  const kubeconfig = (await readFile(dev.kubeconfig, 'utf8')).replace(
    secrets['credential of the cluster'] ?? '',
    secrets['kubeconfig that fails'] ?? '',
  );
  await refused(seller.clusters.importCluster({ name: 'Bad', regionId: dev.region_id, kubeconfig }));
  await refused(
    seller.clusters.importCluster({ name: 'Bad', regionId: dev.region_id, kubeconfig: `{${kubeconfig}` }),
  );
  const registry = {
    registryUrl: 'registry.example.com',
    type: RegistryCredentialType.BASIC,
    username: 'u',
    secret: secrets['registry secret'] ?? '',
  };
  await seller.registryCredentials.createRegistryCredential({ ...registry, name: 'Hub' });
  await refused(seller.registryCredentials.createRegistryCredential({ ...registry, name: '' }));

  const { product } = await seller.products.getProduct({ id: dev.products.one_time });
  const { product: secretive } = await seller.products.createProduct({
    name: 'With a secret',
    templateId: product?.templateId ?? '',
    clusterIds: [dev.cluster_id],
    stripePriceIds: product?.stripePriceIds ?? [],
    inputs: [{ name: 'title', path: 'title', secret: true, required: true, schema: { type: 'string' } }],
  });
  const inputs = { title: secrets['secret input'] ?? '' };
  const wanted = { productId: secretive?.id ?? '', regionId: dev.region_id };
  await refused(buyer.checkouts.createCheckout({ ...wanted, inputs: { ...inputs, other: inputs.title } }));
  await refused(buyer.checkouts.createCheckout({ ...wanted, inputs: { title: [inputs.title] } }));
  const { order, checkoutUrl } = await buyer.checkouts.createCheckout({ ...wanted, inputs });
  const id = order?.id ?? '';
  await payOnPage(checkoutUrl, 'good', AbortSignal.timeout(60_000));
  const until = (state: OrderState) =>
    eventually(async () => expect((await buyer.orders.getOrder({ id })).order?.state).toBe(state));
  await until(OrderState.FULFILLED);
  await looksAt((await seller.orders.getOrder({ id })).order?.installId ?? '', inputs.title);
  await seller.orders.refundOrder({ id });
  await eventually(async () => {
    expect((await seller.orders.getOrder({ id })).order?.amountRefunded).not.toBe(0n);
  });
}, 300_000);

/** Whatever shows what an install is made of: drift, differences, events, support bundles. */
async function looksAt(installId: string, title: string): Promise<void> {
  const { dev } = platform;
  await using cluster = connectCluster(parseKubeconfig(await readFile(dev.kubeconfig, 'utf8')));
  const { install } = await seller.installs.getInstall({ id: installId });
  const { namespace = '', releaseId = '' } = install ?? {};
  const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const config = (await cluster.list(kind, { namespace })).find(({ metadata }) =>
    metadata.name.endsWith('-sample'),
  );
  const page = JSON.stringify(config?.['data']);
  expect(page, 'the secret is in what is applied').toContain(title);
  await seller.installs.updateInstall({ id: installId, driftPolicy: InstallDriftPolicy.WARN });
  const ref = { ...kind, namespace, name: config?.metadata.name ?? '' };
  await cluster.patch(ref, { data: { 'index.html': `changed, ${title}` } }, { fieldManager: 'kubectl-edit' });
  const drift = await eventually(async () => {
    const { installDrift } = await seller.installs.getInstallDrift({ installId });
    expect(installDrift?.objects[0]?.fields[0]?.found).toContain('changed, ');
    return installDrift;
  });
  const diff = await seller.releases.diffReleases({ id: releaseId });
  expect(diff.releaseDiff?.objects).toHaveLength(1);
  const preview = await seller.installs.previewInstallUpdate({
    id: installId,
    inputs: { title: `${title} and more` },
  });
  expect(preview.releaseDiff?.objects.length).toBeGreaterThan(0);
  const events = await seller.pods.listPodEvents({ installId });
  const shown = { drift, diff, preview, events };
  answers.push(JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
  for (const { token, workspace_id: workspaceId } of [dev.seller, dev.buyer]) {
    const response = await fetch(`${dev.url}/v1/installs/${installId}/support_bundle`, {
      headers: { authorization: `Bearer ${token}`, 'x-workspace-id': workspaceId },
    });
    expect(response.headers.get('content-type')).toBe('application/gzip');
    const bundle = gunzipSync(Buffer.from(await response.arrayBuffer())).toString('latin1');
    expect(bundle).toContain('about.json');
    answers.push(bundle);
  }
}

/** The forms in which a secret could be found: as it is, in hex, and in base64 wherever it begins. */
function formsOf(secret: string): string[] {
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64');
    return text.slice(4, -4);
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), ...inBase64];
}

function search(place: string, text: string): void {
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.length < 12) throw new Error(`${name} is too short to be told from anything else`);
    for (const form of formsOf(secret)) {
      const at = text.indexOf(form);
      if (at >= 0) expect.soft(text.slice(Math.max(0, at - 200), at + 20), `${name} in ${place}`).toBe('');
    }
  }
}

test('no answer that shows an install or an error says a secret', () => {
  expect(answers.length).toBeGreaterThan(7);
  for (const answer of answers) search('an answer', answer);
});

test('no log has one', async () => {
  const folder = join(platform.dataDir, 'logs');
  // What stands in for Stripe and Kubernetes keeps no log of ours.
  const names = (await readdir(folder)).filter((name) => !/kubesim|stripesim/.test(name));
  expect(names).toEqual(
    expect.arrayContaining(['billing.log', 'gateway.log', 'identity.log', 'installer.log']),
  );
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    if (/identity|billing/.test(name)) expect(text.length, `${name} has lines`).toBeGreaterThan(1_000);
    search(name, text);
  }
  search('what npm start says', await readFile(platform.log, 'utf8'));
});

test('no NATS message has one', async () => {
  const connection = await connect({ servers: platform.dev.nats_url });
  try {
    const manager = await jetstreamManager(connection);
    let read = 0;
    for await (const { config, state } of manager.streams.list()) {
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(config.name, { seq });
        if (!message) continue;
        read += 1;
        const headers = message.header.keys().map((key) => `${key}: ${message.header.get(key)}`);
        search(message.subject, `${headers.join('\n')}\n${Buffer.from(message.data).toString('latin1')}`);
      }
    }
    expect(read).toBeGreaterThan(20);
  } finally {
    await connection.close();
  }
});

test('no trace has one', async () => {
  await eventually(() => expect(traces.join('')).toContain('RefundOrder'));
  for (const trace of traces) search('a trace', trace);
});

test('no table has one, but sealed', async () => {
  const pool = new Pool({ connectionString: platform.dev.database_url, max: 1 });
  try {
    const { rows: tables } = await pool.query<{ schema: string; name: string }>(
      `select table_schema as schema, table_name as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(40);
    for (const { schema, name } of tables) {
      const from = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
      const { rows } = await pool.query<{ text: string }>(`select t::text as text from ${from} t`);
      for (const { text } of rows) search(`${schema}.${name}`, text);
    }
  } finally {
    await pool.end();
  }
});
