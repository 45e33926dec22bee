import { X509Certificate, createPrivateKey } from 'node:crypto';

import { DomainError, invalidField, messageOf } from '@cnap/errors';
import { parse, stringify } from 'yaml';

/** One context of a kubeconfig, with everything a connection needs inside and nothing else. */
export type Kubeconfig = {
  context: string;
  server: string;
  /** PEM; absent when the server's certificate is publicly trusted. */
  ca?: string;
  tlsServerName?: string;
  token?: string;
  /** PEM, both or none. */
  clientCertificate?: string;
  clientKey?: string;
};

const maxBytes = 512 * 1024;
const maxEntries = 100;
const reason = 'KUBECONFIG_INVALID';

type Fields = Record<string, unknown>;

/**
 * Reads a kubeconfig from a stranger: the context that is named, or else the only usable one. Whatever would run
 * a program, read a file of ours or trust anybody is refused.
 * @throws DomainError `KUBECONFIG_INVALID` that names the place
 */
export function parseKubeconfig(text: string, options: { context?: string | undefined } = {}): Kubeconfig {
  const root = readDocument(text);
  const contexts = entries(root, 'contexts');
  const named = options.context;
  if (named !== undefined) {
    const found = contexts.find((context) => context.name === named);
    if (!found) throw refused('contexts', `there is no context "${named}"; there are ${names(contexts)}`);
    return resolve(root, found);
  }
  const usable: Kubeconfig[] = [];
  const problems: string[] = [];
  for (const context of contexts) {
    try {
      usable.push(resolve(root, context));
    } catch (error) {
      problems.push(messageOf(error).replace(/^kubeconfig: /, ''));
    }
  }
  if (usable.length === 1 && usable[0]) return usable[0];
  if (usable.length === 0)
    throw refused('contexts', problems.slice(0, 5).join('; ') || 'there is no context');
  throw new DomainError(
    'invalid-argument',
    reason,
    `The kubeconfig has ${usable.length} usable contexts: ${names(usable.map((one) => ({ name: one.context })))}.`,
    {
      fields: [{ field: 'context', description: 'name the context to import' }],
      suggestion: 'Name the context to import.',
    },
  );
}

/** A kubeconfig text for kubectl and helm that holds this one context. */
export function formatKubeconfig(config: Kubeconfig): string {
  const base64 = (plain: string) => Buffer.from(plain).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: config.context,
        cluster: {
          server: config.server,
          ...(config.ca ? { 'certificate-authority-data': base64(config.ca) } : {}),
          ...(config.tlsServerName ? { 'tls-server-name': config.tlsServerName } : {}),
        },
      },
    ],
    users: [
      {
        name: config.context,
        user: {
          ...(config.token ? { token: config.token } : {}),
          ...(config.clientCertificate
            ? { 'client-certificate-data': base64(config.clientCertificate) }
            : {}),
          ...(config.clientKey ? { 'client-key-data': base64(config.clientKey) } : {}),
        },
      },
    ],
    contexts: [{ name: config.context, context: { cluster: config.context, user: config.context } }],
    'current-context': config.context,
  });
}

function readDocument(text: string): Fields {
  if (text.trim() === '') throw refused('', 'it is empty');
  if (Buffer.byteLength(text) > maxBytes) throw refused('', `it is larger than ${maxBytes / 1024} KiB`);
  let root: unknown;
  try {
    root = parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (error) {
    throw refused('', `it is not valid YAML: ${messageOf(error).split('\n')[0]}`);
  }
  if (!isFields(root) || (root['kind'] !== undefined && root['kind'] !== 'Config')) {
    throw refused('', 'it is not a kubeconfig (kind: Config)');
  }
  return root;
}

type Entry = { name: string; fields: Fields };

function entries(root: Fields, list: 'contexts' | 'clusters' | 'users'): Entry[] {
  const value = root[list];
  if (!Array.isArray(value)) throw refused(list, 'is missing');
  if (value.length > maxEntries) throw refused(list, `has more than ${maxEntries} entries`);
  return value.map((item: unknown, index) => {
    const fields = isFields(item) ? item[list.slice(0, -1)] : undefined;
    if (!isFields(item) || typeof item['name'] !== 'string')
      throw refused(`${list}[${index}].name`, 'is missing');
    return { name: item['name'], fields: isFields(fields) ? fields : {} };
  });
}

function resolve(root: Fields, context: Entry): Kubeconfig {
  const cluster = pick(root, 'clusters', context, 'cluster');
  const user = pick(root, 'users', context, 'user');
  return {
    context: context.name,
    ...readCluster(cluster.fields, `clusters[${cluster.name}].cluster`),
    ...readUser(user.fields, `users[${user.name}].user`),
  };
}

function pick(root: Fields, list: 'clusters' | 'users', context: Entry, field: 'cluster' | 'user'): Entry {
  const wanted = context.fields[field];
  const found = entries(root, list).find((entry) => entry.name === wanted);
  if (!found) {
    throw refused(
      `contexts[${context.name}].context.${field}`,
      `names ${JSON.stringify(wanted ?? '')}, which is not in ${list}`,
    );
  }
  return found;
}

function readCluster(fields: Fields, at: string): Pick<Kubeconfig, 'server' | 'ca' | 'tlsServerName'> {
  refuse(fields, at, {
    'insecure-skip-tls-verify':
      "would trust any server; put the cluster's CA into certificate-authority-data",
    'certificate-authority':
      'is a path to a file; use certificate-authority-data (kubectl config view --flatten)',
    'proxy-url': 'is not supported',
  });
  const server = readServer(textField(fields, 'server', at), `${at}.server`);
  const ca = pem(fields, 'certificate-authority-data', at);
  const tlsServerName = textField(fields, 'tls-server-name', at);
  if (ca !== undefined)
    check(() => new X509Certificate(ca), `${at}.certificate-authority-data`, 'is not a PEM certificate');
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
}

function readServer(server: string | undefined, at: string): string {
  if (server === undefined) throw refused(at, 'is missing');
  const url = check(() => new URL(server), at, 'is not a URL');
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    throw refused(at, 'must be an https URL');
  if (url.username || url.password || url.search || url.hash) {
    throw refused(at, 'must be an address without credentials, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function readUser(fields: Fields, at: string): Pick<Kubeconfig, 'token' | 'clientCertificate' | 'clientKey'> {
  const use = 'use a token or client-certificate-data and client-key-data';
  refuse(fields, at, {
    exec: `would run a program here; ${use}`,
    'auth-provider': `needs a plug-in; ${use}`,
    tokenFile: 'is a path to a file; use token',
    'client-certificate': 'is a path to a file; use client-certificate-data',
    'client-key': 'is a path to a file; use client-key-data',
    username: `is not supported by Kubernetes any more; ${use}`,
    password: `is not supported by Kubernetes any more; ${use}`,
    as: 'would impersonate somebody; use credentials of their own',
    'as-uid': 'would impersonate somebody; use credentials of their own',
    'as-groups': 'would impersonate somebody; use credentials of their own',
    'as-user-extra': 'would impersonate somebody; use credentials of their own',
  });
  const token = textField(fields, 'token', at)?.trim();
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw refused(`${at}.token`, 'is not a bearer token');
  const clientCertificate = pem(fields, 'client-certificate-data', at);
  const clientKey = pem(fields, 'client-key-data', at);
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw refused(at, 'has only one of client-certificate-data and client-key-data');
  }
  if (clientCertificate !== undefined && clientKey !== undefined) {
    const certificate = check(
      () => new X509Certificate(clientCertificate),
      `${at}.client-certificate-data`,
      'is not a PEM certificate',
    );
    const key = check(
      () => createPrivateKey(clientKey),
      `${at}.client-key-data`,
      'is not an unencrypted PEM key',
    );
    if (!certificate.checkPrivateKey(key))
      throw refused(`${at}.client-key-data`, 'does not belong to the certificate');
    return { ...(token === undefined ? {} : { token }), clientCertificate, clientKey };
  }
  if (token === undefined) throw refused(at, `has no credentials; ${use}`);
  return { token };
}

/** Credentials-free messages: the values of a kubeconfig are never repeated. */
function refused(at: string, problem: string): DomainError {
  return invalidField('kubeconfig', at === '' ? problem : `${at} ${problem}`, reason);
}

function refuse(fields: Fields, at: string, rules: Record<string, string>): void {
  for (const [field, why] of Object.entries(rules)) {
    const value = fields[field];
    if (value !== undefined && value !== null && value !== false && value !== '') {
      throw refused(`${at}.${field}`, why);
    }
  }
}

function textField(fields: Fields, field: string, at: string): string | undefined {
  const value = fields[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw refused(`${at}.${field}`, 'is not text');
  return value;
}

function pem(fields: Fields, field: string, at: string): string | undefined {
  const value = textField(fields, field, at);
  if (value === undefined) return undefined;
  if (!/^[A-Za-z0-9+/=\s]+$/.test(value)) throw refused(`${at}.${field}`, 'is not base64');
  return Buffer.from(value, 'base64').toString('utf8');
}

function check<T>(read: () => T, at: string, problem: string): T {
  try {
    return read();
  } catch {
    throw refused(at, problem);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function names(contexts: { name: string }[]): string {
  return (
    contexts
      .map((context) => `"${context.name}"`)
      .slice(0, 20)
      .join(', ') || 'none'
  );
}
