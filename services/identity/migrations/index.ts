import { eventsMigrations } from '@cnap/events';
import { postgresMigrations } from '@cnap/postgres';
import { reconcileMigrations } from '@cnap/reconcile';
import * as people from './0001-people.ts';
import * as signIn from './0002-sign-in.ts';
import * as jwtKeys from './0003-jwt-keys.ts';
import * as mail from './0004-mail.ts';
import * as invitations from './0005-invitations.ts';
import * as auditEntries from './0006-audit-entries.ts';
import * as workspaceClosings from './0007-workspace-closings.ts';
import * as notices from './0008-notices.ts';
import * as auditActions from './0009-audit-actions.ts';

/** Forward only; the packages' own tables come with them. */
export const migrations = {
  ...postgresMigrations,
  ...reconcileMigrations,
  ...eventsMigrations,
  '0001-people': people,
  '0002-sign-in': signIn,
  '0003-jwt-keys': jwtKeys,
  '0004-mail': mail,
  '0005-invitations': invitations,
  '0006-audit-entries': auditEntries,
  '0007-workspace-closings': workspaceClosings,
  '0008-notices': notices,
  '0009-audit-actions': auditActions,
};
