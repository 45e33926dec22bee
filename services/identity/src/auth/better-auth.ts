import { createHash, randomUUID } from 'node:crypto';
import { passkey } from '@better-auth/passkey';
import { kyselyAdapter } from '@better-auth/kysely-adapter';
import { betterAuth, type BetterAuthOptions } from 'better-auth/minimal';
import { bearer } from 'better-auth/plugins/bearer';
import { deviceAuthorization } from 'better-auth/plugins/device-authorization';
import { genericOAuth } from 'better-auth/plugins/generic-oauth';
import { jwt } from 'better-auth/plugins/jwt';
import { magicLink } from 'better-auth/plugins/magic-link';
import { newId } from '@cnap/ids';
import { databaseHooks } from './hooks.ts';
import type { Mail } from '../mail/queue.ts';
import { passwordChanged } from './event.ts';
import { withHashedCodes } from './hashed-codes.ts';
import { passwordLength, sessionSeconds, type SignInDeps } from './port.ts';
import { passkeysWork, providersOf } from './providers.ts';
import { codeHasher } from './secret.ts';
import { markVerified } from './store.ts';
import * as names from './table-names.ts';
import { afterWaysIn, publishOfUser } from './ways-in.ts';

/** The only client of the device flow: the command line. */
const deviceClients = new Set(['cnap-cli']);

/** Sets better-auth up. It is large, so this file is imported when somebody first signs in. */
export function createAuth({ db, config, secret, mail, logger }: SignInDeps) {
  const publicUrl = config.CNAP_PUBLIC_URL;
  const { hostname, protocol } = new URL(publicUrl);
  const providers = providersOf(config);
  /** A link to one of our pages, with where to go on to. */
  const page = (path: string, token: string, madeUrl: string): string => {
    const link = new URL(path, publicUrl);
    link.searchParams.set('token', token);
    const next = new URL(madeUrl).searchParams.get('callbackURL');
    if (next && next !== '/') link.searchParams.set('next', next);
    return link.href;
  };
  const send = async (
    template: Mail['template'],
    to: string,
    token: string,
    data: Record<string, string>,
  ) => {
    const key = `${template}:${createHash('sha256').update(token).digest('base64url')}`;
    await mail?.({ key, to, template, data });
  };

  const options = {
    appName: 'CNAP',
    baseURL: publicUrl,
    basePath: '/api/auth',
    secret,
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message) => logger[level === 'error' ? 'warn' : 'debug']({ level }, message),
    },
    database: withHashedCodes(
      kyselyAdapter(db.kysely, { type: 'postgres', transaction: true }),
      codeHasher(secret),
    ),
    databaseHooks: databaseHooks(db),
    hooks: { after: afterWaysIn(db) },
    // People rename themselves by UserService.
    disabledPaths: ['/update-user'],
    onAPIError: { errorURL: new URL('/sign-in', publicUrl).href },
    trustedOrigins: [new URL(publicUrl).origin],
    // Ours are kept in Postgres and count accounts as well as addresses: limits.ts.
    rateLimit: { enabled: false },
    user: names.user,
    account: {
      ...names.account,
      encryptOAuthTokens: true,
      // An account is only linked to a provider that has verified the same address.
      accountLinking: { enabled: true, trustedProviders: [] },
    },
    session: { ...names.session, expiresIn: sessionSeconds, updateAge: 24 * 3_600 },
    verification: { ...names.verification, storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      // Without it, anybody could be anybody's address; it also makes sign-up answer the same for a known one.
      requireEmailVerification: true,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, url, token }) =>
        send('reset-password', user.email, token, {
          url: page('/reset-password', token, url),
          name: user.name,
        }),
      async onPasswordReset({ user }) {
        await db.acrossWorkspaces((tx) => markVerified(tx, user.id));
        // By a link in a mail, without a session.
        await publishOfUser(db, { userId: user.id, credentialId: undefined }, (ids) =>
          passwordChanged(user.id, new Date(), ids),
        );
      },
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: true,
      autoSignInAfterVerification: true,
      expiresIn: 24 * 3_600,
      sendVerificationEmail: ({ user, url, token }) =>
        send('verify-email', user.email, token, { url: page('/verify-email', token, url), name: user.name }),
    },
    socialProviders: providers.social,
    advanced: {
      // Said although it is the default: better-auth leaves the checks out where it takes itself to be tested.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      cookiePrefix: 'cnap',
      useSecureCookies: protocol === 'https:',
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      ipAddress: { ipAddressHeaders: ['x-cnap-client-address'], ipv6Subnet: 128 },
      database: {
        generateId: ({ model }) =>
          model === 'user' ? newId('usr') : model === 'session' ? newId('ses') : randomUUID(),
      },
    },
    plugins: [
      bearer(),
      jwt({
        schema: names.jwtKey,
        disableSettingJwtHeader: true,
        jwks: { keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' }, rotationInterval: 30 * 24 * 3_600 },
        jwt: {
          issuer: publicUrl,
          audience: publicUrl,
          expirationTime: '15m',
          definePayload: ({ user, session }) => ({ sid: session.id, email: user.email, name: user.name }),
        },
      }),
      magicLink({
        storeToken: 'hashed',
        expiresIn: 15 * 60,
        sendMagicLink: ({ email, url, token }) =>
          send('magic-link', email, token, { url: page('/magic-link', token, url) }),
      }),
      deviceAuthorization({
        expiresIn: '15m',
        interval: '5s',
        userCodeLength: 8,
        verificationUri: '/device',
        validateClient: (id) => deviceClients.has(id),
        schema: names.deviceCode,
      }),
      ...(passkeysWork(publicUrl)
        ? [
            passkey({
              rpID: hostname,
              rpName: 'CNAP',
              origin: new URL(publicUrl).origin,
              schema: names.passkey,
            }),
          ]
        : []),
      ...(providers.generic.length > 0 ? [genericOAuth({ config: providers.generic })] : []),
    ],
  } satisfies BetterAuthOptions;
  return betterAuth(options as BetterAuthOptions);
}
