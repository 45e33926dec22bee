import { DomainError, notFound } from '@cnap/errors';
import type { InstallRow } from '../database.ts';

/** @throws DomainError not-found; permission-denied for the buyer, who sees it */
export function operated(workspaceId: string, row: InstallRow | undefined, id: string): InstallRow {
  if (!row) throw notFound('install', id);
  if (row.seller_workspace_id === workspaceId) return row;
  const message = 'Only who operates the install may do that.';
  throw new DomainError('permission-denied', 'OPERATOR_ONLY', message, { suggestion: 'Ask the seller.' });
}

/** @throws DomainError like {@link operated}; failed-precondition once it goes */
export function changeable(workspaceId: string, row: InstallRow | undefined, id: string): InstallRow {
  return present(operated(workspaceId, row, id), id);
}

/** What its owner may do, too. @throws DomainError not-found; failed-precondition once it goes */
export const changeableByOwner = (
  _workspaceId: string,
  row: InstallRow | undefined,
  id: string,
): InstallRow => present(row, id);

function present(install: InstallRow | undefined, id: string): InstallRow {
  if (!install) throw notFound('install', id);
  if (install.wanted === 'present') return install;
  throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The install is being deleted.', {
    metadata: { state: install.state },
  });
}
