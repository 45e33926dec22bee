// Identity as it runs, on real Postgres and NATS; people come in the way the gateway lets them in.
import type { DescService } from '@bufbuild/protobuf';
import type { Role } from '@cnap/auth';
import { AuditEntryService } from '@cnap/proto/cnap/identity/v1/audit_entry_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { InvitationService } from '@cnap/proto/cnap/identity/v1/invitation_service';
import { MemberService } from '@cnap/proto/cnap/identity/v1/member_service';
import { TokenService } from '@cnap/proto/cnap/identity/v1/token_service';
import { UserProvisioningService } from '@cnap/proto/cnap/identity/v1/user_provisioning_service';
import { UserService } from '@cnap/proto/cnap/identity/v1/user_service';
import { WorkspaceOwnerService } from '@cnap/proto/cnap/identity/v1/workspace_owner_service';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { openDatabase } from '@cnap/postgres';
import {
  testDatabase,
  testKeys,
  testNats,
  type TestDatabase,
  type TestKeys,
  type TestService,
} from '@cnap/testing';
import { createClient, type Client, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { migrations } from '../migrations/index.ts';
import { readConfig } from '../src/config.ts';
import type { Tables } from '../src/database.ts';
import { startIdentity, type Overrides } from '../src/service.ts';
import { startPeers, type Peers } from './peers.ts';

process.env['LOG_LEVEL'] ??= 'silent';

const services = {
  auditEntries: AuditEntryService,
  callers: CallerService,
  deadLetters: DeadLetterService,
  invitations: InvitationService,
  members: MemberService,
  owners: WorkspaceOwnerService,
  provisioning: UserProvisioningService,
  tokens: TokenService,
  users: UserService,
  workspaces: WorkspaceService,
} satisfies Record<string, DescService>;

export type Clients = { [K in keyof typeof services]: Client<(typeof services)[K]> };

/** Somebody with a token, and a workspace of their own. */
export type Person = { userId: string; workspaceId: string; secret: string };

export type TestIdentity = AsyncDisposable & {
  url: string;
  keys: TestKeys;
  peers: Peers;
  nats: { url: string; subjectPrefix: string };
  database: TestDatabase<Tables>;
  /** SQL as superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  aPerson(name: string): Promise<Person>;
  /** Makes a person a member; invitations come later. */
  join(workspaceId: string, person: Person, role: Role): Promise<void>;
  /** Calls with a credential in a workspace, by default the person's own. */
  as(person: Person, workspaceId?: string): Clients;
  withSecret(secret: string, workspaceId?: string, address?: string): Clients;
  asService(service: TestService): Clients;
  asAnybody(): Clients;
  /** Another process of the service on the same database. */
  startAnother(overrides?: Overrides): Promise<AsyncDisposable & { asService(): Clients }>;
};

function clientsOf(url: string, token?: () => Promise<string>): Clients {
  const identify: Interceptor = (next) => async (request) => {
    if (token) request.header.set('authorization', `Bearer ${await token()}`);
    return next(request);
  };
  const transport = createConnectTransport({ httpVersion: '1.1', baseUrl: url, interceptors: [identify] });
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      createClient(service as DescService, transport),
    ]),
  ) as Clients;
}

export async function startTestIdentity(
  overrides: Overrides = {},
  environment: Record<string, string> = {},
): Promise<TestIdentity> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const database = parts.use(await testDatabase<Tables>('identity', migrations));
  const admin = parts.use(openDatabase({ url: database.adminUrl, schema: 'identity', poolSize: 2 }));
  const peers = parts.use(await startPeers(keys));
  const nats = testNats();
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    CNAP_OPERATOR_EMAILS: 'Operator@example.test',
    LOG_LEVEL: 'silent',
    ...keys.environmentOf('identity'),
    ...peers.environment,
    ...environment,
  });
  const { url } = parts.use(await startIdentity(config, overrides));
  const serviceAt = (at: string, service: TestService) => {
    const caller = keys.identityOf(service);
    return clientsOf(at, () => caller.token('identity'));
  };
  const gateway = serviceAt(url, 'gateway');
  const withSecret = (credential: string, workspaceId = '', address = '') =>
    clientsOf(
      url,
      async () => (await gateway.callers.resolveCaller({ credential, workspaceId, address })).callerToken,
    );
  const sql = async (text: string, values: unknown[] = []) => (await admin.pool.query(text, values)).rows;

  const owned = parts.move();
  return {
    url,
    keys,
    peers,
    nats,
    database,
    sql,
    async aPerson(name) {
      const { user, workspaceId, tokenSecret } = await gateway.provisioning.provisionUser({
        email: `${name.toLowerCase()}@example.test`,
        name,
        workspaceName: `${name}'s workspace`,
        tokenName: 'first',
      });
      return { userId: user?.id ?? '', workspaceId, secret: tokenSecret };
    },
    async join(workspaceId, { userId }, role) {
      await sql('insert into members (workspace_id, user_id, role) values ($1, $2, $3)', [
        workspaceId,
        userId,
        role,
      ]);
    },
    as: ({ secret, workspaceId: own }, workspaceId = own) => withSecret(secret, workspaceId),
    withSecret,
    asService: (service) => serviceAt(url, service),
    asAnybody: () => clientsOf(url),
    async startAnother(other = {}) {
      const started = await startIdentity(config, other);
      return {
        asService: () => serviceAt(started.url, 'gateway'),
        [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
