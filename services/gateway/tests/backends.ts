// The services behind the gateway, as small servers whose answers a test sets.
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { DescService } from '@bufbuild/protobuf';
import type { UserCaller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { TokenService } from '@cnap/proto/cnap/identity/v1/token_service';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import {
  callerOf,
  requestIdOf,
  startRpcServer,
  type ConnectRouter,
  type HandlerContext,
  type HttpHandler,
  type RpcServer,
  type ServiceImpl,
} from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';

/** What a backend saw of a call. */
export type Seen = { caller: ReturnType<typeof callerOf>; requestId: string; headers: Headers };

export type Backends = AsyncDisposable & {
  /** By credential: who has it; a credential that is not here is invalid. */
  credentials: Map<string, UserCaller>;
  /** What identity was asked. */
  resolved: { credential: string; workspaceId: string; address: string }[];
  /** What identity waits for before it answers. */
  gate: { open: Promise<void> };
  seen: Seen[];
  lines: { next: Promise<void>; ended: PromiseWithResolvers<void> };
  /** What a shell does. */
  shells: { answer: ServiceImpl<typeof PodService>['execPod'] };
  /** The name of every workspace, the first line of every log, what listing fails with, and asking who calls. */
  answers: {
    name: string;
    line: string;
    failure: DomainError | undefined;
    callerFailure: DomainError | undefined;
    /** What workspaces wait for. */
    wait: Promise<void>;
  };
  webhooks: { headers: Record<string, unknown>; body: Buffer; status: number; hang: boolean }[];
  answerWebhook: { status: number; hang: boolean };
  environment: Record<string, string>;
  catalog: { stop(): Promise<void>; start(): Promise<void> };
  identity: { stop(): Promise<void> };
};

export async function startBackends(keys: TestKeys): Promise<Backends> {
  await using parts = new AsyncDisposableStack();
  const credentials = new Map<string, UserCaller>();
  const resolved: Backends['resolved'] = [];
  const gate = { open: Promise.resolve() };
  const seen: Seen[] = [];
  const shells: Backends['shells'] = {
    answer: () => {
      throw new DomainError('unimplemented', 'UNIMPLEMENTED', 'A test says what a shell does.');
    },
  };
  const lines: Backends['lines'] = { next: Promise.resolve(), ended: Promise.withResolvers() };
  const answers: Backends['answers'] = {
    name: 'Engines',
    line: 'one',
    failure: undefined,
    callerFailure: undefined,
    wait: Promise.resolve(),
  };
  const webhooks: Backends['webhooks'] = [];
  const answerWebhook = { status: 200, hang: false };
  const note = (context: HandlerContext) => {
    seen.push({
      caller: callerOf(context),
      requestId: requestIdOf(context),
      headers: context.requestHeader,
    });
  };
  const serve = (
    service: string,
    services: DescService[],
    routes: (router: ConnectRouter) => void,
    more: { port?: number; http?: (...of: Parameters<HttpHandler>) => boolean } = {},
  ): Promise<RpcServer> =>
    startRpcServer({ service, port: 0, services, routes, verifyCaller: keys.verifierFor(service), ...more });

  const identity = parts.use(
    await serve('identity', [CallerService, WorkspaceService, TokenService], (router) => {
      router.service(CallerService, {
        async resolveCaller({ credential, workspaceId, address }) {
          resolved.push({ credential, workspaceId, address });
          const who = credentials.get(credential);
          await gate.open;
          if (answers.callerFailure) throw answers.callerFailure;
          if (!who) throw new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is unknown.');
          const caller = { ...who, ...(workspaceId === '' ? {} : { workspaceId }), address };
          return {
            callerToken: await keys.sign(caller),
            expireTime: timestampFromMs(Date.now() + 60_000),
            userId: who.userId,
            credentialId: who.credentialId,
            workspaceId: caller.workspaceId ?? '',
          };
        },
        getSigningKeys: () => ({ jwksJson: JSON.stringify(keys.jwks) }),
      });
      router.service(TokenService, { createToken: () => ({ secret: answers.name }) });
      router.service(WorkspaceService, {
        async getWorkspace({ id }, context) {
          note(context);
          await answers.wait;
          return { workspace: { id, name: answers.name } };
        },
        createWorkspace({ name }, context) {
          note(context);
          return { workspace: { name } };
        },
      });
    }),
  );
  const installer = parts.use(
    await serve('installer', [PodService], (router) =>
      router.service(PodService, {
        async *streamPodLogs(_request, context) {
          note(context);
          context.signal.addEventListener('abort', () => lines.ended.resolve());
          yield { line: answers.line };
          await Promise.race([lines.next, lines.ended.promise]);
          yield { line: 'two' };
        },
        execPod: (requests, context) => {
          note(context);
          return shells.answer(requests, context);
        },
      }),
    ),
  );
  const billing = parts.use(
    await serve('billing', [], () => undefined, {
      http(request, response) {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          webhooks.push({ headers: { ...request.headers }, body: Buffer.concat(chunks), ...answerWebhook });
          if (answerWebhook.hang) return;
          response.statusCode = answerWebhook.status;
          response.end('{"received":true}\n');
        });
        return true;
      },
    }),
  );
  const startCatalog = (port: number) =>
    serve(
      'catalog',
      [ListingService],
      (router) =>
        router.service(ListingService, {
          listListings(_request, context) {
            note(context);
            if (answers.failure) throw answers.failure;
            return { listings: [], nextPageToken: 'next' };
          },
        }),
      { port },
    );
  let catalog = await startCatalog(0);
  parts.defer(() => catalog[Symbol.asyncDispose]());
  const owned = parts.move();
  return {
    credentials,
    resolved,
    gate,
    seen,
    lines,
    shells,
    answers,
    webhooks,
    answerWebhook,
    environment: {
      CNAP_IDENTITY_URL: identity.url,
      CNAP_CATALOG_URL: catalog.url,
      CNAP_BILLING_URL: billing.url,
      CNAP_INSTALLER_URL: installer.url,
      CNAP_CLUSTERS_URL: 'http://127.0.0.1:1',
    },
    catalog: {
      stop: () => catalog.drain({ deadlineMs: 100 }),
      async start() {
        catalog = await startCatalog(catalog.port);
      },
    },
    identity: { stop: () => identity.drain({ deadlineMs: 100 }) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
