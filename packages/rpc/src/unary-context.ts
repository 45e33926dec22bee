import {
  Code,
  ConnectError,
  createContextValues,
  type ContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { callKey, type Call } from './call.ts';
import type { HttpRequest } from './port.ts';

/** The one header of a request that is asked for, without the others being copied. */
export type HeaderReader = { get(name: string): string | null };

export const headerReader = ({ headers }: HttpRequest): HeaderReader => ({
  get(name) {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  },
});

/** What a handler knows of a unary call; what few handlers ask for is made when they do. */
export class UnaryContext implements HandlerContext {
  readonly method: DescMethod;
  readonly service: DescService;
  readonly requestMethod = 'POST';
  readonly protocolName: string;
  readonly values: ContextValues;
  /** Rejects with the reason when the call is aborted. */
  readonly aborted: Promise<never>;
  /** Handlers take it off the context. */
  readonly timeoutMs: () => number;
  readonly #request: HttpRequest;
  readonly #rejectAborted: (reason: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #reason: unknown;
  #isOver = false;
  #controller: AbortController | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;

  constructor(request: HttpRequest, call: Call, protocolName: string, deadlineMs: number) {
    this.protocolName = protocolName;
    this.#request = request;
    this.method = call.method;
    this.service = call.method.parent;
    this.values = createContextValues().set(callKey, call);
    const endsAt = Date.now() + deadlineMs;
    this.timeoutMs = () => endsAt - Date.now();
    const { promise, reject } = Promise.withResolvers<never>();
    this.aborted = promise;
    // Nobody may be waiting at the moment it is aborted.
    promise.catch(() => undefined);
    this.#rejectAborted = reject;
    this.#timer = setTimeout(() => {
      this.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded));
    }, deadlineMs);
  }

  /** Whether it has been answered or aborted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get url(): string {
    const { headers, url } = this.#request;
    const host = headers[':authority'] ?? headers.host ?? '';
    return new URL(url ?? '/', `http://${String(host)}`).toString();
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= new Headers(
      Object.entries(this.#request.headers).flatMap(([name, value]): [string, string][] => {
        if (name.startsWith(':') || value === undefined) return [];
        return [[name, Array.isArray(value) ? value.join(', ') : value]];
      }),
    );
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers());
  }

  get responseTrailer(): Headers {
    return (this.#responseTrailer ??= new Headers());
  }

  /** What the handler has set. */
  answerHeaders(): { headers: Iterable<[string, string]>; trailers: Iterable<[string, string]> } {
    return { headers: this.#responseHeader ?? [], trailers: this.#responseTrailer ?? [] };
  }

  /** Tells whoever works at the call to stop. */
  abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#reason = reason;
    this.#rejectAborted(reason);
    this.end();
  }

  /** The call is over; what it has begun and does not wait for is told to stop, too. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#controller?.abort(this.#reason);
  }
}
