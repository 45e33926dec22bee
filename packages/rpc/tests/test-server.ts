import { ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { Caller, Role } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { createLogger, type Logger } from '@cnap/telemetry';
import { startRpcServer, type RpcServer, type RpcServerOptions } from '../src/index.ts';

export const wsId = `ws_${'0'.repeat(26)}`;
export const insId = `ins_${'0'.repeat(26)}`;

/** The bearer token of a test caller: a role, `stranger`, `homeless`, `reader`, `operator`, `service`. */
export const token = (who: string): string => `Bearer ${who}`;

const person = (userId: string): Extract<Caller, { kind: 'user' }> => ({
  kind: 'user',
  userId,
  email: `${userId}@example.com`,
  name: userId,
  readOnly: false,
  operator: false,
  credentialId: `tok_${userId}`,
});

const inWorkspace = (role: Role): Caller => ({ ...person(`usr_${role}`), workspaceId: wsId, role });

const callers = new Map<string, Caller>([
  ['owner', inWorkspace('owner')],
  ['admin', inWorkspace('admin')],
  ['member', inWorkspace('member')],
  ['viewer', inWorkspace('viewer')],
  ['stranger', { ...person('usr_stranger'), workspaceId: wsId }],
  ['homeless', person('usr_homeless')],
  ['reader', { ...person('usr_reader'), workspaceId: wsId, role: 'owner', readOnly: true }],
  ['operator', { ...person('usr_operator'), operator: true }],
  ['service', { kind: 'service', service: 'billing' }],
]);

export async function verifyTestCaller(bearer: string): Promise<Caller> {
  const caller = callers.get(bearer);
  if (caller === undefined)
    throw new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is not valid.');
  return caller;
}

export type Logged = Record<string, unknown>;
const linesOf = new WeakMap<RpcServer, Logged[]>();

/** A line of the server's log by its message. */
export const logged = (server: RpcServer, message: string): Logged | undefined =>
  linesOf.get(server)?.find((line) => line['message'] === message);
/** All lines of the server's log with this message. */
export const allLogged = (server: RpcServer, message: string): Logged[] =>
  linesOf.get(server)?.filter((line) => line['message'] === message) ?? [];

/** A logger that keeps its lines. */
export function keepingLogger(): { logger: Logger; lines: Logged[] } {
  const lines: Logged[] = [];
  return { lines, logger: createLogger('test', { write: (line) => void lines.push(JSON.parse(line)) }) };
}

type Handlers = Partial<ServiceImpl<typeof WorkspaceService> & ServiceImpl<typeof PodService>>;

/** A server of WorkspaceService and PodService with the handlers given. */
export async function startTestServer(
  handlers: Handlers,
  options: Partial<RpcServerOptions> = {},
): Promise<RpcServer> {
  const { logger, lines } = keepingLogger();
  const server = await startRpcServer({
    service: 'test',
    port: 0,
    services: [WorkspaceService, PodService],
    routes: (router) => void router.service(WorkspaceService, handlers).service(PodService, handlers),
    verifyCaller: verifyTestCaller,
    logger,
    ...options,
  });
  linesOf.set(server, lines);
  return server;
}

/** The error of a call that must fail. */
export async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
  throw new Error('the call succeeded');
}
