import { startEvents } from '@cnap/events';
import { openDatabase, whenReachable } from '@cnap/postgres';
import { identityServices } from '@cnap/proto/services/identity';
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
import { startReconcilers } from '@cnap/reconcile';
import { startRpcServer } from '@cnap/rpc';
import { parseKeyring } from '@cnap/secrets';
import { callersOf, deadLetterRpc, externalCalls, type ExternalCallHooks } from '@cnap/service';
import { createLogger, startTelemetry } from '@cnap/telemetry';
import { onEveryFact } from './audit-entry/on-fact.ts';
import { auditEntryRpc } from './audit-entry/rpc.ts';
import { openAuth } from './auth/call.ts';
import { signInHttp } from './auth/http.ts';
import { signInPages } from './auth/page/pages.ts';
import { passkeysWork, providersOf } from './auth/providers.ts';
import type { SignInDeps } from './auth/port.ts';
import { reconcileExpired, wakeCleaning } from './auth/reconcile.ts';
import { authSecret } from './auth/secret.ts';
import { callerRpc } from './caller/rpc.ts';
import type { Config } from './config.ts';
import type { Tables } from './database.ts';
import { invitationRpc } from './invitation/rpc.ts';
import { queueMail, type Mail } from './mail/queue.ts';
import { reconcileMail, reconcileOldMail, wakeMailCleaning } from './mail/reconcile.ts';
import { openSmtp } from './mail/smtp.ts';
import { memberRpc } from './member/rpc.ts';
import { workspaceHolders } from './peers/workspace-holders.ts';
import { notifyWith } from './notification/notify.ts';
import { onCluster } from './notification/on-cluster.ts';
import { onOrder } from './notification/on-order.ts';
import { onSeller } from './notification/on-seller.ts';
import {
  openSigningKeys,
  reconcileSigningKeys,
  rotateSigningKeys,
  wakeRotation,
} from './signing-key/keys.ts';
import { tokenRpc } from './token/rpc.ts';
import { userProvisioningRpc } from './user/provisioning-rpc.ts';
import { userRpc } from './user/rpc.ts';
import { reconcileClosing, usualPatienceMs } from './workspace/closing.ts';
import { workspaceOwnerRpc } from './workspace/owner-rpc.ts';
import { workspaceRpc } from './workspace/rpc.ts';

/** What tests put in place of the world. */
export type Overrides = ExternalCallHooks & {
  now?: () => Date;
  mail?: NonNullable<SignInDeps['mail']>;
  /** After so long a deletion of a workspace that has not ended is given up. */
  closingPatienceMs?: number;
};

/** Starts identity: the one place where its parts meet. */
export async function startIdentity(
  config: Config,
  { now = () => new Date(), mail, closingPatienceMs = usualPatienceMs, ...hooks }: Overrides = {},
): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('identity'));
  const logger = createLogger('identity');
  const db = parts.use(openDatabase<Tables>({ url: config.DATABASE_URL, schema: 'identity' }));
  const keyring = parseKeyring(config.CNAP_KEYS);
  const waits = (err: unknown) => logger.warn({ err }, 'waits for its database');
  await whenReachable(
    () =>
      db.acrossWorkspaces(async (tx) => {
        await rotateSigningKeys(tx, keyring, now());
        await wakeRotation(tx);
        await wakeCleaning(tx);
        await wakeMailCleaning(tx);
      }),
    waits,
  );
  const keys = openSigningKeys(db, keyring, now);
  const { identity, verifier } = callersOf('identity', config, () => keys.jwks());
  const holders = workspaceHolders(
    { clusters: config.CNAP_CLUSTERS_URL, installer: config.CNAP_INSTALLER_URL },
    identity,
    externalCalls(hooks),
  );
  const closing = { db, holders, patienceMs: closingPatienceMs };
  const smtp =
    config.CNAP_SMTP_URL === undefined
      ? undefined
      : parts.use(openSmtp({ url: config.CNAP_SMTP_URL, from: config.CNAP_MAIL_FROM }));
  if (!smtp) logger.warn('no mails are sent: CNAP_SMTP_URL is not set');
  parts.use(
    await startReconcilers({
      db,
      reconcilers: {
        'signing-key': reconcileSigningKeys(keyring, now),
        'expired-sign-in': reconcileExpired,
        'old-mail': reconcileOldMail,
        'workspace-closing': reconcileClosing(closing),
        ...(smtp ? { mail: reconcileMail({ db, keyring, send: smtp }) } : {}),
      },
      leaseMs: config.CNAP_LEASE,
      onError: (err, where) => logger.warn({ err, ...where }, 'a reconciler failed, and will try again'),
    }),
  );
  const notify = notifyWith(keyring, config.CNAP_PUBLIC_URL, smtp !== undefined);
  const events = parts.use(
    await startEvents({
      db,
      service: 'identity',
      natsUrl: config.NATS_URL,
      subjectPrefix: config.CNAP_NATS_PREFIX,
      subscriptions: [...onEveryFact, ...onOrder(notify), onSeller(notify), ...onCluster(notify)],
    }),
  );
  const queued = (one: Mail) => db.acrossWorkspaces((tx) => queueMail(tx, keyring, one));
  const signIn = {
    db,
    config,
    secret: await whenReachable(() => authSecret(db, keyring), waits),
    mail: mail ?? (smtp && queued),
    logger,
  };
  const { offered } = providersOf(config);
  const callAuth = openAuth(signIn, offered.length);
  const ways = { providers: offered, passkeys: passkeysWork(config.CNAP_PUBLIC_URL) };
  const server = parts.use(
    await startRpcServer({
      service: 'identity',
      host: config.HOST,
      port: config.PORT,
      services: identityServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: () => db.ping(),
      http: signInHttp({
        publicUrl: config.CNAP_PUBLIC_URL,
        callAuth,
        page: signInPages(signIn, callAuth, ways, now),
        verify: (token) => verifier.verify(token),
        logger,
      }),
      routes: (router) => {
        router.service(AuditEntryService, auditEntryRpc({ db }));
        router.service(
          CallerService,
          callerRpc({ db, keys, operators: operatorsOf(config), issuer: config.CNAP_PUBLIC_URL, now }),
        );
        router.service(
          InvitationService,
          invitationRpc({
            db,
            keyring,
            publicUrl: config.CNAP_PUBLIC_URL,
            sendsMail: smtp !== undefined,
            now,
          }),
        );
        router.service(MemberService, memberRpc({ db }));
        router.service(TokenService, tokenRpc({ db }));
        router.service(UserService, userRpc({ db }));
        router.service(UserProvisioningService, userProvisioningRpc({ db }));
        router.service(WorkspaceOwnerService, workspaceOwnerRpc({ db }));
        router.service(WorkspaceService, workspaceRpc(closing));
        router.service(DeadLetterService, deadLetterRpc(events));
      },
    }),
  );
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Addresses are kept in lower case. */
const operatorsOf = (config: Config): ReadonlySet<string> =>
  new Set(config.CNAP_OPERATOR_EMAILS.map((email) => email.toLowerCase()));
