import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { startTestCatalog, type TestCatalog, withPrices } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

test('a forgotten WHERE finds nothing of another workspace, in any table that has workspaces', async () => {
  const { templateId } = await catalog.aTemplate();
  withPrices(catalog, ['price_1']);
  const owner = catalog.as('owner');
  await owner.products.createProduct({
    name: 'Shop',
    templateId,
    clusterIds: [catalog.aCluster().id],
    stripePriceIds: ['price_1'],
    requestId: 'once',
  });
  await owner.registryCredentials.createRegistryCredential({
    name: 'Hub',
    registryUrl: 'docker.io',
    type: RegistryCredentialType.TOKEN,
    secret: 'x',
  });
  const { db } = catalog.database;
  const tables = await db.acrossWorkspaces(async (tx) => {
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.columns
      where table_schema = 'catalog' and column_name = 'workspace_id'`.execute(tx);
    return rows.map(({ name }) => name).toSorted();
  });
  expect(tables).toEqual(
    expect.arrayContaining([
      'cluster',
      'package',
      'package_log',
      'price',
      'product',
      'region',
      'seller',
      'template',
    ]),
  );
  const count = (run: typeof db.acrossWorkspaces, table: string) =>
    run(async (tx) => {
      const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(tx);
      return Number(rows[0]?.n);
    });
  for (const table of tables) {
    // Archives are gone when a build has ended.
    if (table !== 'package_archive')
      expect(await count(db.acrossWorkspaces, table), table).toBeGreaterThan(0);
    const asStranger: typeof db.acrossWorkspaces = (work) =>
      db.inWorkspace(catalog.keys.strangerWorkspaceId, work);
    expect(await count(asStranger, table), table).toBe(0);
    const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(
      db.kysely,
    );
    expect(Number(rows[0]?.n), table).toBe(0);
  }
});
