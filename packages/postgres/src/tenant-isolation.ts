import { sql, type Kysely } from 'kysely';
import { acrossRole } from './role-name.ts';

/**
 * Row-level security for a tenant table, within a migration: the service's role sees and writes only rows of the
 * transaction's workspace, and none outside of `inWorkspace`; the role of `acrossWorkspaces` sees all. It is
 * forced, so it holds for the owner too: a migration that changes rows of such a table as an owner who is not a
 * superuser takes on the `_across` role for it.
 * @param options.workspaceColumns a row belongs to the workspace if one of these columns names it; two for rows
 *   with two workspaces (orders, installs)
 */
export async function enableTenantIsolation(
  // oxlint-disable-next-line no-explicit-any -- migrations know tables by name only
  db: Kysely<any>,
  table: string,
  options: { workspaceColumns?: string[] } = {},
): Promise<void> {
  const { rows } = await sql<{ role: string }>`select current_setting('cnap.service_role') as role`.execute(
    db,
  );
  const role = rows[0]?.role ?? '';
  const columns = options.workspaceColumns ?? ['workspace_id'];
  // The sub-select is evaluated once per query, not once per row, and still lets an index be used.
  const current = sql`(select current_setting('cnap.workspace_id', true))`;
  const belongs = sql.join(
    columns.map((column) => sql`${sql.ref(column)} = ${current}`),
    sql` or `,
  );
  const name = sql.table(table);
  await sql`alter table ${name} enable row level security`.execute(db);
  await sql`alter table ${name} force row level security`.execute(db);
  await sql`create policy in_workspace on ${name} to ${sql.id(role)} using (${belongs}) with check (${belongs})`.execute(
    db,
  );
  await sql`create policy across_workspaces on ${name} to ${sql.id(acrossRole(role))} using (true) with check (true)`.execute(
    db,
  );
}
