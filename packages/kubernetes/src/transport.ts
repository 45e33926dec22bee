import type { LookupFunction } from 'node:net';

import { Agent, type Dispatcher, errors, request } from 'undici';

import { exec, type Exec, type ExecOptions, type ExecTransport } from './exec.ts';
import { KubernetesError, errorFromAnswer } from './kubernetes-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type CallOptions = {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON, whatever the content type says: JSON is YAML too. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** Called when a stream's answer begins. */
  onStart?: () => void;
};

export type TransportOptions = {
  callTimeoutMs: number;
  maxConnections: number;
  /** Decides what a host name may resolve to; the operator's rule about private addresses goes here. */
  lookup?: LookupFunction | undefined;
};

const maxAnswerBytes = 128 * 1024 * 1024;
/** The API server sends a bookmark about every minute; a watch without a byte for longer than this is dead. */
const silentStreamMs = 100_000;

/**
 * HTTP to one API server. Calls share a bounded pool; watches and logs, which hold their connection for as long as
 * they last, have their own, so that they can never use up the calls' pool.
 */
export class Transport implements AsyncDisposable {
  readonly server: string;
  readonly #calls: Agent;
  readonly #streams: Agent;
  readonly #headers: Record<string, string>;
  readonly #callTimeoutMs: number;
  readonly #tls: ExecTransport['tls'];

  constructor(config: Kubeconfig, options: TransportOptions) {
    this.server = config.server;
    this.#callTimeoutMs = options.callTimeoutMs;
    this.#headers = {
      'user-agent': 'cnap',
      ...(config.token === undefined ? {} : { authorization: `Bearer ${config.token}` }),
    };
    this.#tls = {
      ...(config.ca === undefined ? {} : { ca: config.ca }),
      ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
      ...(config.clientCertificate === undefined ? {} : { cert: config.clientCertificate }),
      ...(config.clientKey === undefined ? {} : { key: config.clientKey }),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    };
    const connect = { timeout: options.callTimeoutMs, ...this.#tls };
    this.#calls = new Agent({ connect, connections: options.maxConnections, allowH2: false });
    this.#streams = new Agent({ connect, allowH2: false });
  }

  /** One call with a deadline; answers parsed JSON. */
  async json<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    const body = await this.text(method, path, options);
    try {
      return JSON.parse(body) as T;
    } catch (error) {
      throw new KubernetesError({
        code: 0,
        reason: 'BadAnswer',
        message: 'the address answered, but not like a Kubernetes API (no JSON)',
        cause: error,
      });
    }
  }

  /** One call with a deadline; answers the body as it is. */
  async text(method: Method, path: string, options: CallOptions = {}): Promise<string> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#callTimeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    return this.#guard(timeout, options.signal, async () => {
      const answer = await this.#send(this.#calls, method, path, options, signal);
      const body = await readBody(answer);
      if (answer.statusCode >= 300)
        throw errorFromAnswer(answer.statusCode, body, header(answer, 'retry-after'));
      return body;
    });
  }

  /** A body that goes on (watch, followed logs): the deadline holds for the answer's start, silence ends it later. */
  async *stream(path: string, options: CallOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), options.timeoutMs ?? this.#callTimeoutMs);
    const ended = new AbortController();
    const signal = AbortSignal.any([
      timeout.signal,
      ended.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    try {
      const answer = await this.#guard(timeout.signal, options.signal, async () => {
        const started = await this.#send(this.#streams, 'GET', path, options, signal);
        if (started.statusCode < 300) return started;
        throw errorFromAnswer(started.statusCode, await readBody(started), header(started, 'retry-after'));
      });
      clearTimeout(timer);
      options.onStart?.();
      try {
        for await (const chunk of answer.body) yield chunk as Uint8Array;
      } catch (error) {
        throw translate(error, timeout.signal, options.signal, this.server);
      }
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  /** A command in a container, on a connection of its own. */
  exec(options: ExecOptions): Promise<Exec> {
    const { server } = this;
    const transport = { server, headers: this.#headers, tls: this.#tls, timeoutMs: this.#callTimeoutMs };
    return exec(transport, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }

  async #send(agent: Agent, method: Method, path: string, options: CallOptions, signal: AbortSignal) {
    const url = new URL(this.server + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return request(url, {
      dispatcher: agent,
      method,
      signal,
      headersTimeout: 0, // the signal is the deadline
      bodyTimeout: silentStreamMs,
      headers: {
        ...this.#headers,
        accept: options.accept ?? 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  }

  async #guard<T>(timeout: AbortSignal, asked: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    asked?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw translate(error, timeout, asked, this.server);
    }
  }
}

function translate(
  error: unknown,
  timeout: AbortSignal,
  asked: AbortSignal | undefined,
  server: string,
): unknown {
  if (error instanceof KubernetesError) return error;
  if (asked?.aborted) return asked.reason;
  const host = new URL(server).host;
  if (
    timeout.aborted ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  ) {
    return new KubernetesError({
      code: 0,
      reason: 'Timeout',
      message: `${host} did not answer in time`,
      cause: error,
    });
  }
  const { code = '', message = 'the connection broke' } = error as { code?: string; message?: string };
  const distrust = distrusted.get(code);
  const why = distrust ?? unreached.get(code) ?? (code || message);
  return new KubernetesError({
    code: 0,
    reason: distrust === undefined ? 'Unreachable' : 'Untrusted',
    message: `${host} cannot be reached: ${why}`,
    cause: error,
  });
}

const unreached = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ENOTFOUND', 'its name does not resolve'],
  ['EAI_AGAIN', 'its name does not resolve'],
  ['ECONNRESET', 'the connection broke'],
  ['UND_ERR_SOCKET', 'the connection broke'],
]);

const otherAuthority = 'its certificate is not signed by the CA of the kubeconfig';
/** Codes of OpenSSL and Node for servers that are there and cannot prove who they are. */
const distrusted = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', otherAuthority],
  ['SELF_SIGNED_CERT_IN_CHAIN', otherAuthority],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', otherAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', otherAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', otherAuthority],
  ['CERT_SIGNATURE_FAILURE', otherAuthority],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
]);

async function readBody(answer: Dispatcher.ResponseData): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxAnswerBytes) {
      throw new KubernetesError({ code: 0, reason: 'BadAnswer', message: 'the answer is too large' });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function header(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
