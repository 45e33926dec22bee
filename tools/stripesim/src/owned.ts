import { noSuch } from './errors.ts';
import type { Scope } from './simulation.ts';
import type { Table } from './store.ts';

/** The object of this account; another account's does not exist. `param` names where the id came from. */
export function owned<T extends { id: string }>(
  scope: Scope,
  table: Table<T>,
  kind: string,
  id: string,
  param = 'id',
): T {
  const found = table.accountOf(id) === scope.account ? table.get(id) : undefined;
  if (!found) throw noSuch(kind, id, param);
  return found;
}
