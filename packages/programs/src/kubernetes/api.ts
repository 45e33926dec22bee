import { request } from 'node:https';

/** As much of a client as starting a cluster needs; the platform's own is packages/kubernetes. */
export interface KubernetesApi {
  get(path: string): Promise<unknown>;
  post(path: string, object: unknown): Promise<unknown>;
  /** Whether the path answers with success; a server that does not answer yet is no error. */
  exists(path: string): Promise<boolean>;
}

export function kubernetesApi(port: number, certificate: string, token: string): KubernetesApi {
  const call = (method: string, path: string, body?: unknown) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method,
          ca: certificate,
          agent: false,
          timeout: 5_000,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          response.on('error', reject);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('kube-apiserver does not answer')));
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const result = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, text } = await call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
  return {
    get: (path) => result('GET', path),
    post: (path, object) => result('POST', path, object),
    exists: (path) =>
      call('GET', path).then(
        ({ status }) => status < 300,
        () => false,
      ),
  };
}
