import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

/** A Kubernetes API under test, kubesim or a real one, seen through plain HTTP. */
export interface Target {
  url: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  watch(path: string): Promise<Frames>;
  eventually<T>(check: () => Promise<T | undefined | false>): Promise<T>;
  /** A service account `reader` with these rights in a namespace: what to send along to be it. */
  account(namespace: string, rules: object[]): Promise<{ authorization: string }>;
}

export interface Answer {
  code: number;
  // Answers are looked into freely: what they hold is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface Frames extends AsyncDisposable {
  /** the next frame, or `undefined` at the end of the stream */
  // oxlint-disable-next-line typescript/no-explicit-any
  next(): Promise<any>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { token?: string } }[];
}

export function openTarget(kubeconfig: string): Target {
  const config = parse(kubeconfig) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const token = config.users[0]?.user.token;
  if (!cluster || !token) throw new Error('the kubeconfig needs a server and a token');
  const ca = cluster['certificate-authority-data'];
  const dispatcher = new Agent(ca ? { connect: { ca: Buffer.from(ca, 'base64').toString() } } : {});
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'contract/1' };
  return {
    url: cluster.server,
    async call(method, path, body, extra = {}) {
      const answer = await request(`${cluster.server}${path}`, {
        method: method as 'GET',
        dispatcher,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...extra,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      return { code: answer.statusCode, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
    },
    async watch(path) {
      const abort = new AbortController();
      const answer = await request(`${cluster.server}${path}`, { dispatcher, headers, signal: abort.signal });
      const frames = linesOf(answer.body);
      return {
        next: async () => (await frames.next()).value,
        async [Symbol.asyncDispose]() {
          abort.abort();
          await frames.return(undefined).catch(() => undefined);
        },
      };
    },
    async account(namespace, rules) {
      const metadata = { name: 'reader' };
      const core = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      const group = 'rbac.authorization.k8s.io';
      const rbac = `/apis/${group}/v1/namespaces/${namespace}`;
      await this.call('POST', core, { metadata });
      await this.call('POST', `${rbac}/roles`, { metadata, rules });
      const roleRef = { apiGroup: group, kind: 'Role', name: 'reader' };
      const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace }];
      await this.call('POST', `${rbac}/rolebindings`, { metadata, roleRef, subjects });
      const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const { body } = await this.call('POST', `${core}/reader/token`, asked);
      return { authorization: `Bearer ${body.status.token}` };
    },
    async eventually(check) {
      for (let waited = 0; ; waited += 50) {
        const found = await check();
        if (found) return found;
        if (waited > 30_000) throw new Error(`not within 30 s: ${check}`);
        await pause(50);
      }
    },
  };
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<unknown, undefined> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
  return undefined;
}
