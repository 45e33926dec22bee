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
  const asStranger: typeof db.acrossWorkspaces = (work) =>
    db.inWorkspace(catalog.keys.strangerWorkspaceId, work);
  const seen: Record<string, [all: boolean, stranger: number, nobody: number]> = {};
  for (const table of tables) {
    const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(
      db.kysely,
    );
    const all = await count(db.acrossWorkspaces, table);
    seen[table] = [all > 0, await count(asStranger, table), Number(rows[0]?.n)];
  }
  // Archives are gone when a build has ended.
  const expected = tables.map((table) => [table, [table !== 'package_archive', 0, 0]]);
  expect(seen).toEqual(Object.fromEntries(expected));
});
