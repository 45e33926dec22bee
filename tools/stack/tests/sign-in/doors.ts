// The real gateway before the real identity, on real Postgres and NATS, and browsers without a screen: cookies,
// forms and redirects as HTTP has them.
import { createCnapClient, type CnapClient } from '@cnap/client';
import { startGateway } from '@cnap/gateway';
import { readConfig as gatewayConfig } from '@cnap/gateway/config';
import { startIdentity } from '@cnap/identity';
import { readConfig as identityConfig } from '@cnap/identity/config';
import { migrations } from '@cnap/identity/migrations';
import { openDatabase } from '@cnap/postgres';
import { freePort } from '@cnap/programs';
import { testDatabase, testKeys, testNats } from '@cnap/testing';

/** A mail that identity wants sent. */
export type Mail = { to: string; template: string; data: Record<string, string> };

export type Doors = AsyncDisposable & {
  url: string;
  identityUrl: string;
  mails: Mail[];
  /** The link in the last mail of that kind to that address. */
  linkTo(email: string, template: string): string;
  /** SQL as superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** With an address of its own; through another gateway, when told so. */
  browser(through?: string): Browser;
  /** Another gateway and identity on the same database; its URL. */
  another(): Promise<string>;
  /** Signed up and confirmed. */
  aPerson(name: string): Promise<{ email: string; password: string; browser: Browser }>;
  client(token?: string): CnapClient;
};

export async function startDoors(environment: Record<string, string> = {}, sendsMail = true): Promise<Doors> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const database = parts.use(await testDatabase('identity', migrations));
  const admin = parts.use(openDatabase({ url: database.adminUrl, schema: 'identity', poolSize: 2 }));
  const nats = testNats();
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const mails: Mail[] = [];
  const common = {
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_PUBLIC_URL: publicUrl,
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    ...environment,
  };
  const startPair = async (stack: AsyncDisposableStack, gatewayPort: number) => {
    const identity = stack.use(
      await startIdentity(
        identityConfig({
          ...common,
          PORT: '0',
          DATABASE_URL: database.url,
          CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
          CNAP_OPERATOR_EMAILS: 'operator@example.test',
          ...keys.environmentOf('identity'),
        }),
        sendsMail ? { mail: async (mail) => void mails.push(mail) } : {},
      ),
    );
    const gateway = stack.use(
      await startGateway(
        gatewayConfig({
          ...common,
          CNAP_PORT: String(gatewayPort),
          CNAP_IDENTITY_URL: identity.url,
          // Every test comes from an address of its own, so that limits of one do not fall on another.
          CNAP_TRUSTED_PROXIES: '127.0.0.1,::1',
          ...keys.environmentOf('gateway'),
        }),
      ),
    );
    return { identity, gateway };
  };
  const { identity, gateway } = await startPair(parts, port);
  let people = 0;
  const owned = parts.move();
  const doors: Doors = {
    url: publicUrl,
    identityUrl: identity.url,
    mails,
    linkTo(email, template) {
      const mail = mails.findLast((each) => each.to === email && each.template === template);
      if (!mail?.data['url']) throw new Error(`no ${template} to ${email}`);
      return mail.data['url'];
    },
    sql: async (text, values = []) => (await admin.pool.query(text, values)).rows,
    browser: (through = publicUrl) => new Browser(through, `203.0.113.${(people += 1)}`),
    another: async () => (await startPair(owned, 0)).gateway.url,
    async aPerson(name) {
      const [email, password] = [`${name.toLowerCase()}@example.test`, `the password of ${name}`];
      const browser = doors.browser();
      await browser.post('/sign-up', { name, email, password });
      await browser.confirm(doors.linkTo(email, 'verify-email'));
      return { email, password, browser };
    },
    client: (token) => createCnapClient({ baseUrl: gateway.url, retries: 0, ...(token ? { token } : {}) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return doors;
}

/** Keeps cookies and says where it sends forms from; follows nothing by itself. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #origin: string;
  readonly #address: string;

  constructor(origin: string, address: string) {
    this.#origin = origin;
    this.#address = address;
  }

  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({
      'x-forwarded-for': this.#address,
      ...(init.headers as Record<string, string>),
    });
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(new URL(path, this.#origin), { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line) || value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  get(path: string): Promise<Response> {
    return this.send(path, { headers: { 'sec-fetch-site': 'same-origin' } });
  }

  /** Sends a form of a page of this origin. */
  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(path, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { 'sec-fetch-site': 'same-origin', origin: this.#origin, ...headers },
    });
  }

  /** Sends JSON, as scripts and command lines do. */
  json(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', origin: this.#origin, ...headers },
    });
  }

  /** Opens a link from a mail, and presses the button of its page. */
  async confirm(link: string): Promise<Response> {
    const { pathname, search, searchParams } = new URL(link);
    await this.get(pathname + search);
    return this.post(pathname, Object.fromEntries(searchParams));
  }

  /** The bearer token in the cookie. */
  get token(): string {
    return decodeURIComponent(this.cookies.get('cnap.session_token') ?? '').split('.')[0] ?? '';
  }
}
