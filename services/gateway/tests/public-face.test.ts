import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { rpcServices } from '@cnap/proto';
import { Health, HealthCheckResponse_ServingStatus } from '@cnap/proto/grpc/health/v1/health';
import { ServerReflection } from '@cnap/proto/grpc/reflection/v1/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@cnap/proto/grpc/reflection/v1alpha/reflection';
import { isInternal } from '@cnap/rpc';
import { afterAll, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());

const all = Object.values(rpcServices).flat();
const publicNames = all
  .filter(({ methods }) => methods.some((method) => !isInternal(method)))
  .map(({ typeName }) => typeName);
const internalNames = all.map(({ typeName }) => typeName).filter((name) => !publicNames.includes(name));

async function* ask(value: string) {
  yield { messageRequest: { case: 'listServices' as const, value } };
}

test.each([
  ['v1', ServerReflection],
  ['v1alpha', ServerReflectionAlpha],
] as const)('reflection %s lists public services and no internal one', async (_, service) => {
  const client = createClient(service, createGrpcTransport({ baseUrl: gateway.url }));
  const names: string[] = [];
  for await (const { messageResponse } of client.serverReflectionInfo(ask('*'))) {
    if (messageResponse.case === 'listServicesResponse') {
      names.push(...messageResponse.value.service.map(({ name }) => name));
    }
  }
  expect(names).toEqual(expect.arrayContaining([...publicNames, 'grpc.health.v1.Health']));
  expect(internalNames.length).toBeGreaterThan(5);
  for (const name of internalNames) expect(names).not.toContain(name);
});

test('reflection knows no symbol of an internal service', async () => {
  const client = createClient(ServerReflection, createGrpcTransport({ baseUrl: gateway.url }));
  async function* symbols() {
    for (const value of internalNames)
      yield { messageRequest: { case: 'fileContainingSymbol' as const, value } };
  }
  for await (const { messageResponse } of client.serverReflectionInfo(symbols())) {
    expect(messageResponse.case).toBe('errorResponse');
  }
});

test('buf curl finds out by itself how to call', async () => {
  const call = promisify(execFile)(
    'node_modules/.bin/buf',
    [
      'curl',
      '--http2-prior-knowledge',
      '--protocol',
      'grpc',
      '-d',
      '{}',
      `${gateway.url}/cnap.catalog.v1.ListingService/ListListings`,
    ],
    { timeout: 60_000 },
  );
  expect(JSON.parse((await call).stdout)).toEqual({ nextPageToken: 'next' });
});

test('health speaks for every public service', async () => {
  const client = createClient(Health, createGrpcTransport({ baseUrl: gateway.url }));
  for (const service of ['', ...publicNames]) {
    expect((await client.check({ service })).status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  }
});

test.each(['/', '/healthz', '/readyz', '/nothing', '/webhooks/stripe'])(
  'what it answers itself has security headers: %s',
  async (path) => {
    const { headers } = await fetch(gateway.url + path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
  },
);

test('/ says what this is and where to go', async () => {
  const response = await fetch(gateway.url);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ name: 'CNAP', health: { ready: '/readyz' } });
});

test('what is not there is 404', async () => {
  expect((await fetch(`${gateway.url}/nothing`)).status).toBe(404);
  expect((await fetch(`${gateway.url}/cnap.identity.v1.CallerService/ResolveCaller`)).status).toBe(404);
  expect((await fetch(`${gateway.url}/cnap.identity.v1.WorkspaceService/DropTables`)).status).toBe(404);
});
