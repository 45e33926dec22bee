// Signing in where there is no browser, by the device flow of RFC 8628.
import { pause } from './pause.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
const callTimeoutMs = 30_000;

/** How a program asks for a sign-in. */
export type DeviceSignInOptions = {
  /** `https://cnap.example`. */
  baseUrl: string;
  /** Whom the person is asked to let in, default `cnap-cli`. */
  clientId?: string;
  fetch?: typeof globalThis.fetch;
  /** How to wait between two questions, by default with a timer. */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** What to show to the person, and how to learn what they decide. */
export type DeviceSignIn = {
  /** Where they go, in any browser. */
  verificationUri: string;
  /** The same with the code in it: for a link or a QR code. */
  verificationUriComplete: string;
  /** What they see and compare there: `ABCD-EFGH`. */
  userCode: string;
  expiresAt: Date;
  /** Waits for the person. Rejects with {@link DeviceSignInError}, or with the signal's reason. */
  signedIn(signal?: AbortSignal): Promise<SignedIn>;
};

/** The `token` of a client. */
export type SignedIn = { token: string; expiresAt: Date };

/** Why nobody is signed in. */
export class DeviceSignInError extends Error {
  override readonly name = 'DeviceSignInError';
  /** `access_denied`, `expired_token`, or another error code of RFC 8628 or 6749. */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Begins a sign-in: show `verificationUri` and `userCode`, then wait for `signedIn()`. `signal` ends this first call
 * only.
 */
export async function startDeviceSignIn(
  options: DeviceSignInOptions,
  signal?: AbortSignal,
): Promise<DeviceSignIn> {
  const clientId = options.clientId ?? 'cnap-cli';
  const startedAt = Date.now();
  const { status, body } = await post(options, '/api/auth/device/code', { client_id: clientId }, signal);
  if (status !== 200) throw refusal(status, body);
  const deviceCode = textOf(body, 'device_code');
  const expiresAt = new Date(startedAt + secondsOf(body, 'expires_in', 900) * 1_000);
  const interval = secondsOf(body, 'interval', 5);
  const code = textOf(body, 'user_code');
  const verificationUri = textOf(body, 'verification_uri');
  return {
    verificationUri,
    verificationUriComplete: String(body['verification_uri_complete'] ?? verificationUri),
    userCode: code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code,
    expiresAt,
    signedIn: (until) => poll(options, { clientId, deviceCode, interval, expiresAt }, until),
  };
}

/** Ends the session of a token: nobody can use it any more. */
export async function signOut(
  options: Pick<DeviceSignInOptions, 'baseUrl' | 'fetch'>,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  const { status, body } = await post(options, '/api/auth/sign-out', {}, signal, {
    authorization: `Bearer ${token}`,
  });
  if (status !== 200) throw refusal(status, body);
}

type Asked = { clientId: string; deviceCode: string; interval: number; expiresAt: Date };

/** RFC 8628, 3.4 and 3.5: slow_down costs five seconds for good; a question that got lost is asked again, later. */
async function poll(options: DeviceSignInOptions, asked: Asked, signal?: AbortSignal): Promise<SignedIn> {
  const wait = options.wait ?? pause;
  const question = { grant_type: grantType, device_code: asked.deviceCode, client_id: asked.clientId };
  let seconds = asked.interval;
  for (;;) {
    await wait(seconds * 1_000, signal);
    signal?.throwIfAborted();
    const answer = await post(options, '/api/auth/device/token', question, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (Date.now() > asked.expiresAt.getTime()) throw error;
      return undefined;
    });
    if (answer === undefined || answer.status >= 500 || answer.status === 429) {
      if (Date.now() > asked.expiresAt.getTime()) throw refusal(400, { error: 'expired_token' });
      seconds = Math.min(seconds * 2, 60);
      continue;
    }
    if (answer.status === 200) {
      const expiresIn = secondsOf(answer.body, 'expires_in', 0);
      return {
        token: textOf(answer.body, 'access_token'),
        expiresAt: new Date(Date.now() + expiresIn * 1_000),
      };
    }
    if (answer.body['error'] === 'slow_down') seconds += 5;
    else if (answer.body['error'] !== 'authorization_pending') throw refusal(answer.status, answer.body);
  }
}

type Body = Record<string, unknown>;

async function post(
  options: Pick<DeviceSignInOptions, 'baseUrl' | 'fetch'>,
  path: string,
  body: Body,
  signal: AbortSignal | undefined,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body }> {
  const deadline = AbortSignal.timeout(callTimeoutMs);
  const response = await (options.fetch ?? globalThis.fetch)(options.baseUrl.replace(/\/+$/, '') + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  });
  const answer: unknown = await response.json().catch(() => undefined);
  return {
    status: response.status,
    body: typeof answer === 'object' && answer !== null ? (answer as Body) : {},
  };
}

const sentences: Record<string, string> = {
  access_denied: 'the sign-in was refused',
  expired_token: 'the code was not used in time',
};

function refusal(status: number, body: Body): DeviceSignInError {
  const reason = typeof body['error'] === 'string' ? body['error'] : 'unexpected_answer';
  const described = typeof body['error_description'] === 'string' ? body['error_description'] : undefined;
  return new DeviceSignInError(
    reason,
    sentences[reason] ?? described ?? `the platform answered ${status} to a sign-in`,
  );
}

function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '')
    throw new DeviceSignInError('unexpected_answer', `the platform's answer has no ${name}`);
  return value;
}

const secondsOf = (body: Body, name: string, otherwise: number): number =>
  typeof body[name] === 'number' && body[name] > 0 ? body[name] : otherwise;
