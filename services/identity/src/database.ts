import type { Role } from '@cnap/auth';
import type { Database as OpenDatabase, Tx as OpenTx } from '@cnap/postgres';
import type { ColumnType, Selectable } from 'kysely';

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

/** The tables of identity's schema. */
export type Tables = {
  users: UsersTable;
  workspaces: WorkspacesTable;
  members: MembersTable;
  access_tokens: AccessTokensTable;
  signing_keys: SigningKeysTable;
};

export type Database = OpenDatabase<Tables>;
export type Tx = OpenTx<Tables>;

export type UserRow = Selectable<UsersTable>;
export type WorkspaceRow = Selectable<WorkspacesTable>;
export type MemberRow = Selectable<MembersTable>;
export type AccessTokenRow = Selectable<AccessTokensTable>;
export type SigningKeyRow = Selectable<SigningKeysTable>;
