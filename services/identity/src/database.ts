import type { Role } from '@cnap/auth';
import type { Database as OpenDatabase, Tx as OpenTx } from '@cnap/postgres';
import type { ColumnType, Generated, Selectable } from 'kysely';

type CreatedAt = ColumnType<Date, never, never>;
type UpdatedAt = ColumnType<Date, never, Date>;
type Version = ColumnType<string, never, unknown>;

type UsersTable = {
  id: string;
  email: string;
  name: string;
  email_verified: boolean;
  image: string | null;
  version: Version;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type WorkspacesTable = {
  id: string;
  name: string;
  icon: string;
  version: Version;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type MembersTable = {
  workspace_id: string;
  user_id: string;
  role: Role;
  version: Version;
  created_at: CreatedAt;
};

type AccessTokensTable = {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  secret_hash: Uint8Array;
  workspace_id: string | null;
  read_only: boolean;
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: CreatedAt;
};

type SigningKeysTable = {
  id: string;
  sealed_private_key: Uint8Array;
  public_key: string;
  created_at: Date;
};

type SessionsTable = {
  id: string;
  token: string;
  user_id: string;
  expires_at: Date;
  ip_address: string | null;
  user_agent: string | null;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

/** What better-auth keeps of other ways in; it alone reads more of them. */
type PasskeysTable = { id: string; name: string | null; user_id: string; created_at: CreatedAt };
type VerificationsTable = { id: string; expires_at: Date };
type DeviceCodesTable = {
  id: string;
  device_code: string;
  user_code: string;
  expires_at: Date;
  last_polled_at: Date | null;
  polling_interval: number | null;
};

type JwtKeysTable = { id: string; public_key: string };
type AuthSecretsTable = { id: string; sealed: Uint8Array };
type RateLimitsTable = { key: Uint8Array; uses: number; window_ends_at: Date };

type MailsTable = {
  id: string;
  key: string;
  recipient: string;
  template: string;
  /** null once it is sent. */
  sealed_data: Uint8Array | null;
  state: Generated<'waiting' | 'sent' | 'refused' | 'too late'>;
  message: Generated<string>;
  /** It tells what newer news of this subject end. */
  passes_with: string | null;
  created_at: CreatedAt;
  sent_at: ColumnType<Date | null, never, Date | null>;
};

type InvitationsTable = {
  id: string;
  workspace_id: string;
  email: string;
  role: Exclude<Role, 'owner'>;
  secret_hash: Uint8Array;
  invited_by: string;
  expires_at: Date;
  created_at: CreatedAt;
};

type AuditEntriesTable = {
  id: string;
  workspace_id: string;
  event_id: string;
  action: string;
  resource_type: string;
  resource_id: string;
  actor_kind: 'user' | 'service' | 'anonymous';
  actor_id: string;
  actor_email: string;
  actor_name: string;
  credential_id: string;
  credential_name: string;
  address: string;
  trace_id: string;
  occurred_at: Date;
  created_at: CreatedAt;
  service: ColumnType<string, never, never>;
};

type NoticesTable = {
  subject: string;
  version: ColumnType<string, number, number>;
  state: string;
};

type WorkspaceClosingsTable = {
  id: string;
  workspace_id: string;
  given_up: Generated<boolean>;
  created_at: CreatedAt;
};

/** The tables of identity's schema. */
export type Tables = {
  users: UsersTable;
  workspaces: WorkspacesTable;
  workspace_closings: WorkspaceClosingsTable;
  members: MembersTable;
  access_tokens: AccessTokensTable;
  signing_keys: SigningKeysTable;
  sessions: SessionsTable;
  passkeys: PasskeysTable;
  verifications: VerificationsTable;
  device_codes: DeviceCodesTable;
  auth_secrets: AuthSecretsTable;
  jwt_keys: JwtKeysTable;
  rate_limits: RateLimitsTable;
  mails: MailsTable;
  notices: NoticesTable;
  invitations: InvitationsTable;
  audit_entries: AuditEntriesTable;
};

export type Database = OpenDatabase<Tables>;
export type Tx = OpenTx<Tables>;

export type UserRow = Selectable<UsersTable>;
export type WorkspaceRow = Selectable<WorkspacesTable>;
export type MemberRow = Selectable<MembersTable>;
export type AccessTokenRow = Selectable<AccessTokensTable>;
export type SigningKeyRow = Selectable<SigningKeysTable>;
export type SessionRow = Selectable<SessionsTable>;
export type InvitationRow = Selectable<InvitationsTable>;
export type AuditEntryRow = Selectable<AuditEntriesTable>;
