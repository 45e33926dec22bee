/** What went wrong, independent of any transport; `packages/rpc` alone maps it to status codes. */
export type ErrorKind =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'permission-denied'
  | 'unauthenticated'
  | 'failed-precondition'
  | 'aborted'
  | 'resource-exhausted'
  | 'unavailable'
  | 'deadline-exceeded'
  | 'unimplemented'
  | 'internal';

/** A complaint about one field of a request; `field` is its path in the proto, such as `inputs.size`. */
export type FieldViolation = { field: string; description: string };

/** What a {@link DomainError} may carry besides its kind, reason and message. */
export type DomainErrorOptions = {
  /** Facts a program can use; never a secret, never another tenant's id. */
  metadata?: Record<string, string>;
  fields?: FieldViolation[];
  /** What the reader can do about it, one sentence. */
  suggestion?: string;
  cause?: unknown;
};

/** The one error type that reaches callers. Everything else that is thrown is a defect and becomes INTERNAL. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly kind: ErrorKind;
  /** SCREAMING_SNAKE, listed in error_reason.proto; programs decide on it, people read the message. */
  readonly reason: string;
  readonly metadata: Record<string, string>;
  readonly fields: FieldViolation[];
  readonly suggestion?: string;

  constructor(kind: ErrorKind, reason: string, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.fields = options.fields ?? [];
    if (options.suggestion !== undefined) this.suggestion = options.suggestion;
  }
}

/**
 * A resource that does not exist, or that the caller may not know of.
 * @param resource singular and lower case: `cluster`, `join token`; gives the reason `JOIN_TOKEN_NOT_FOUND`
 */
export function notFound(resource: string, id: string): DomainError {
  const words = resource.split(/[\s_-]+/);
  return new DomainError(
    'not-found',
    `${words.join('_').toUpperCase()}_NOT_FOUND`,
    `There is no ${words.join(' ')} ${id}.`,
    { metadata: { resource: words.join('_'), id } },
  );
}

/**
 * One field of a request is not acceptable.
 * @param field path in the proto, such as `inputs.size`
 * @param description what is wrong with it and what would be right
 */
export function invalidField(field: string, description: string, reason = 'INVALID_FIELD'): DomainError {
  return new DomainError('invalid-argument', reason, `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

/** The message of whatever was thrown, with the messages of its causes, on one line. */
export function messageOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  // Five levels: a chain of causes may refer to itself.
  for (let level = 0; level < 5 && current !== undefined && current !== null; level += 1) {
    const text = textOf(current);
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ').replaceAll(/\s*\n\s*/g, ' ') || 'unknown error';
}

function textOf(error: unknown): string {
  // Node reports a refused connection to several addresses as an AggregateError without a message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
