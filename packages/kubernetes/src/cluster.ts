import { type AccessAnswer, type AccessQuestion, accessReview } from './access.ts';
import { type ApiKinds, type ApiResource, Discovery, pathOf } from './discovery.ts';
import type { Exec, ExecOptions } from './exec.ts';
import { KubernetesError, isKubernetesError } from './kubernetes-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { type KindRef, type KubeObject, type ObjectRef, refOf } from './object.ts';
import { type CallOptions, type Method, Transport, type TransportOptions } from './transport.ts';
import { type WatchEvent, type WatchOptions, listAll, watch } from './watch.ts';

export type ApplyOptions = {
  fieldManager: string;
  /** Takes over fields that other managers own instead of failing with 409 Conflict. */
  force?: boolean | undefined;
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
};

export type ListOptions = {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  signal?: AbortSignal | undefined;
};

export type DeleteOptions = {
  /** Deletes only this very object, not another one that got its name since (409 otherwise). */
  uid?: string | undefined;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  gracePeriodSeconds?: number | undefined;
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
};

export type PatchOptions = {
  type?: 'merge' | 'json' | 'strategic' | undefined;
  subresource?: string | undefined;
  fieldManager?: string | undefined;
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
};

/** A connection to one cluster. Every failure is a `KubernetesError`; every call has a deadline. */
export interface Cluster extends AsyncDisposable {
  readonly server: string;
  /** Any call: parsed JSON. */
  request<T = unknown>(method: Method, path: string, options?: CallOptions): Promise<T>;
  /** Any call that answers text (logs). */
  text(method: Method, path: string, options?: CallOptions): Promise<string>;
  /** An answer that goes on (followed logs). Ends with the signal, or when the reader stops reading. */
  stream(path: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Runs a command in a container. */
  exec(options: ExecOptions): Promise<Exec>;
  /** `gitVersion` such as `v1.36.3`. */
  version(signal?: AbortSignal): Promise<{ gitVersion: string; major: number; minor: number }>;
  /** Asked once and remembered; a kind that is not known is asked for again. */
  resource(kind: KindRef): Promise<ApiResource>;
  kinds(options?: { refresh?: boolean }): Promise<ApiKinds>;
  /** Server-side apply. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  create(
    object: KubeObject,
    options?: { dryRun?: boolean; fieldManager?: string; signal?: AbortSignal | undefined },
  ): Promise<KubeObject>;
  /** undefined when there is no such object. */
  get(ref: ObjectRef, signal?: AbortSignal): Promise<KubeObject | undefined>;
  /** Every page. */
  list(kind: KindRef, options?: ListOptions): Promise<KubeObject[]>;
  /** `gone`: there was no such object (or kind), or it is gone at once; `going`: finalizers or children hold it. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<'gone' | 'going'>;
  patch(ref: ObjectRef, patch: unknown, options?: PatchOptions): Promise<KubeObject>;
  watch(kind: KindRef, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** What these credentials may do, in the order asked; at most eight calls at a time. */
  accessReview(questions: AccessQuestion[], signal?: AbortSignal): Promise<AccessAnswer[]>;
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** Opens a connection; nothing is sent yet. */
export function connect(config: Kubeconfig, options: Partial<TransportOptions> = {}): Cluster {
  const transport = new Transport(config, {
    callTimeoutMs: options.callTimeoutMs ?? 10_000,
    maxConnections: options.maxConnections ?? 16,
    lookup: options.lookup,
  });
  const discovery = new Discovery(transport);
  const pathTo = async (ref: ObjectRef, subresource?: string) =>
    pathOf(await discovery.resource(ref), ref.namespace, ref.name) + (subresource ? `/${subresource}` : '');

  return {
    server: transport.server,
    request: (method, path, call) => transport.json(method, path, call),
    text: (method, path, call) => transport.text(method, path, call),
    stream: (path, call) => transport.stream(path, call),
    exec: (command) => transport.exec(command),

    async version(signal) {
      const answer = await transport.json<{ gitVersion: string; major: string; minor: string }>(
        'GET',
        '/version',
        { signal },
      );
      return {
        gitVersion: answer.gitVersion,
        major: Number.parseInt(answer.major, 10),
        minor: Number.parseInt(answer.minor, 10), // "36+" on some clouds
      };
    },

    resource: (kind) => discovery.resource(kind),
    async kinds({ refresh } = {}) {
      if (refresh) discovery.forget();
      return discovery.kinds();
    },

    async apply(object, { fieldManager, force, dryRun, signal }) {
      return transport.json('PATCH', await pathTo(refOf(object)), {
        body: object,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager, force: force ?? false, dryRun: dryRun ? 'All' : undefined },
        signal,
      });
    },

    async create(object, { dryRun, fieldManager, signal } = {}) {
      const resource = await discovery.resource(object);
      return transport.json('POST', pathOf(resource, object.metadata.namespace), {
        body: object,
        query: { dryRun: dryRun ? 'All' : undefined, fieldManager },
        signal,
      });
    },

    async get(ref, signal) {
      try {
        return await transport.json<KubeObject>('GET', await pathTo(ref), { signal });
      } catch (error) {
        if (isKubernetesError(error, 'NotFound')) return undefined;
        throw error;
      }
    },

    async list(kind, { namespace, labelSelector, fieldSelector, signal } = {}) {
      const resource = await discovery.resource(kind);
      const every = { namespace, labelSelector, fieldSelector, signal };
      try {
        return (await listAll(transport, resource, every)).items;
      } catch (error) {
        // The pages took longer than the server remembers what stood on the first.
        if (!(error instanceof KubernetesError) || error.code !== 410) throw error;
        return (await listAll(transport, resource, every)).items;
      }
    },

    async delete(ref, { uid, propagationPolicy, gracePeriodSeconds, dryRun, signal } = {}) {
      try {
        const answer = await transport.json<KubeObject>('DELETE', await pathTo(ref), {
          body: {
            kind: 'DeleteOptions',
            apiVersion: 'v1',
            propagationPolicy: propagationPolicy ?? 'Background',
            ...(uid === undefined ? {} : { preconditions: { uid } }),
            ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
            ...(dryRun ? { dryRun: ['All'] } : {}),
          },
          signal,
        });
        return answer.kind === 'Status' ? 'gone' : 'going';
      } catch (error) {
        if (isKubernetesError(error, 'NotFound', 'UnknownKind')) return 'gone';
        throw error;
      }
    },

    async patch(ref, patch, { type, subresource, fieldManager, dryRun, signal } = {}) {
      return transport.json('PATCH', await pathTo(ref, subresource), {
        body: patch,
        contentType: patchTypes[type ?? 'merge'],
        query: { fieldManager, dryRun: dryRun ? 'All' : undefined },
        signal,
      });
    },

    async *watch(kind, watching) {
      yield* watch(transport, await discovery.resource(kind), watching);
    },

    accessReview: (questions, signal) => accessReview(transport, questions, signal),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
