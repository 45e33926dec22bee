/** One of the causes of a Status: which field, and why. */
export type StatusCause = { field: string; message: string; reason: string };

export type KubernetesErrorDetails = {
  /** The HTTP status; 0 when no answer came. */
  code: number;
  /**
   * The API's reason (`NotFound`, `Conflict`, `Invalid`, …), or one of our own: `Unreachable`, `Timeout`, `UnknownKind`,
   * `BadAnswer`, `Untrusted` (it is there, and its certificate cannot be trusted).
   */
  reason: string;
  message: string;
  causes?: StatusCause[];
  retryAfterMs?: number | undefined;
  cause?: unknown;
};

/** What a cluster answered instead of a result, or why it did not answer. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly code: number;
  readonly reason: string;
  readonly causes: StatusCause[];
  /** How long the API asks to wait (429, 503), in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(details: KubernetesErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.reason = details.reason;
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The cluster could not be asked, or asks to be left alone for a while; says nothing about the request. */
  get unavailable(): boolean {
    return this.code === 0 ? this.reason !== 'UnknownKind' : this.code === 429 || this.code >= 500;
  }
}

/** Whether something thrown came from a cluster, and for one of these reasons where any are named. */
export function isKubernetesError(error: unknown, ...reasons: string[]): error is KubernetesError {
  return error instanceof KubernetesError && (reasons.length === 0 || reasons.includes(error.reason));
}

const reasonsByCode: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

type Status = {
  kind?: string;
  message?: string;
  reason?: string;
  details?: {
    causes?: { field?: string; message?: string; reason?: string }[];
    retryAfterSeconds?: number;
  };
};

/** Turns an answer that is not a success into an error; proxies in front of an API answer with HTML or nothing. */
export function errorFromAnswer(code: number, body: string, retryAfter: string | undefined): KubernetesError {
  const status = parseStatus(body);
  const seconds = Number(retryAfter ?? status?.details?.retryAfterSeconds ?? Number.NaN);
  const until = Date.parse(retryAfter ?? ''); // what stands in front of an API may name a time
  return new KubernetesError({
    code,
    reason: status?.reason || reasonsByCode[code] || 'Unknown',
    message: status?.message || `the cluster answered with status ${code}`,
    causes: (status?.details?.causes ?? []).map((cause) => ({
      field: cause.field ?? '',
      message: cause.message ?? '',
      reason: cause.reason ?? '',
    })),
    retryAfterMs: Number.isFinite(seconds)
      ? seconds * 1000
      : Number.isFinite(until)
        ? Math.max(0, until - Date.now())
        : undefined,
  });
}

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as Status | null;
    return value?.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}
