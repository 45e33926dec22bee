import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import { acrossRole } from './role-name.ts';

/** A login role of a service. */
export type ServiceRole = { name: string; password: string };

/**
 * Creates or updates the service's two roles and what they may do in its schema: the login role, to which
 * row-level security applies, and the role that sees all workspaces, which only `set role` gives it.
 * Safe when several databases of one server do this at once: roles belong to the whole server.
 */
export async function ensureRoles(admin: pg.Client, role: ServiceRole, schema: string): Promise<void> {
  const login = escapeIdentifier(role.name);
  const across = escapeIdentifier(acrossRole(role.name));
  await ensureRole(admin, acrossRole(role.name), 'nologin noinherit');
  await ensureRole(admin, role.name, `login noinherit password ${escapeLiteral(role.password)}`);
  await retrying(admin, `grant ${across} to ${login}`);
  const database = escapeIdentifier(admin.database ?? '');
  await retrying(admin, `grant connect on database ${database} to ${login}`);
  await retrying(admin, `grant usage on schema ${schema} to ${login}, ${across}`);
  for (const [kind, rights] of [
    ['tables', 'select, insert, update, delete'],
    ['sequences', 'usage, select'],
  ]) {
    await retrying(admin, `grant ${rights} on all ${kind} in schema ${schema} to ${login}, ${across}`);
    await retrying(
      admin,
      `alter default privileges in schema ${schema} grant ${rights} on ${kind} to ${login}, ${across}`,
    );
  }
}

async function ensureRole(admin: pg.Client, name: string, attributes: string): Promise<void> {
  const role = escapeIdentifier(name);
  const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [name]);
  if (rowCount === 0) {
    await admin.query(`create role ${role} ${attributes}`).catch((error: unknown) => {
      if (!(error instanceof DatabaseError) || !createdMeanwhile.has(error.code ?? '')) throw error;
    });
  }
  await retrying(admin, `alter role ${role} ${attributes}`);
}

// duplicate_object, and the unique violation of the catalogue when both created it in the same moment
const createdMeanwhile = new Set(['42710', '23505']);

/** Statements on catalogue rows that somebody else changes right now fail at once instead of waiting. */
async function retrying(admin: pg.Client, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admin.query(statement);
      return;
    } catch (error) {
      const busy = error instanceof Error && /tuple concurrently (updated|deleted)/.test(error.message);
      const twice = error instanceof DatabaseError && error.code === '23505';
      if ((!busy && !twice) || attempt === 50) throw error;
      await pause(Math.random() * 20 * attempt);
    }
  }
}
