const redacted = '[redacted]';

/** Keys whose values are secrets or may hold them, in whatever case and with whatever separator. */
const secretKey =
  /(token|secret|passw(or)?d|passphrase|authorization|cookie|kubeconfig|private_?key|api_?key|signing_?key|master_?key|credentials?$|database_?url|nats_?url|dsn$)/i;
const secretKeyExact = /^(values|inputs|overrides|outputs|answers|plaintext|key_?encryption_?keys?|env)$/i;
/** Keys that name a secret without telling it, such as `tokenId`, and cursors into lists. */
const harmlessKey = /(_?ids?|_?prefix|_?count|_?type|_?at|_?time|_?name|_?state|_?length)$/i;
const cursorKey = /^(next_?)?page_?token$/i;

const secretValues: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/\bcnap_[a-z]{2,6}_[A-Za-z0-9_-]{8,}/g, redacted],
  [/\b(sk|rk|pk)_(test|live)_[A-Za-z0-9_]{6,}/g, redacted],
  [/\bwhsec_[A-Za-z0-9+/=_-]{6,}/g, redacted],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+/g, redacted],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${redacted}@`],
];
/** One look that most texts pass, so that the patterns above run for few. */
const suspicious = /-----BEGIN|cnap_|[srp]k_(test|live)_|whsec_|eyJ|bearer|basic|:\/\/[^\s/]*@/i;

/** Deeper than this nothing of ours nests; what lies below is left out rather than trusted. */
const maxDepth = 12;

/** Text without what looks like a credential in it. */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text;
  return secretValues.reduce((current, [pattern, put]) => current.replace(pattern, put), text);
}

/** Whether the value under this key is to be hidden. */
export const isSecretKey = (key: string): boolean =>
  !cursorKey.test(key) && (secretKeyExact.test(key) || (secretKey.test(key) && !harmlessKey.test(key)));

/** A copy fit for a log: secrets hidden at any depth, errors as objects, cycles and binary data named. */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set());
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return value === null ? null : copyObject(value, depth, above);
    default:
      return value;
  }
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (above.has(value)) return '[circular]';
  if (depth >= maxDepth) return '[too deep]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (value instanceof URL) return redactText(value.href);
  above.add(value);
  try {
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1, above));
    if (value instanceof Set) return [...value].map((item) => copy(item, depth + 1, above));
    if (value instanceof Map) return copyEntries(value.entries(), depth, above);
    if (value instanceof Error) return copyError(value, depth, above);
    return copyEntries(Object.entries(value), depth, above);
  } finally {
    above.delete(value);
  }
}

function copyEntries(entries: Iterable<[unknown, unknown]>, depth: number, above: Set<object>) {
  const result: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const name = String(key);
    const hidden = value !== undefined && value !== null && isSecretKey(name);
    result[name] = hidden ? redacted : copy(value, depth + 1, above);
  }
  return result;
}

function copyError(error: Error, depth: number, above: Set<object>) {
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    // Reason and metadata of a DomainError, code of a system error, and whatever else was put on it.
    ...copyEntries(Object.entries(error), depth, above),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, above) }),
    ...(error instanceof AggregateError ? { errors: copy(error.errors, depth + 1, above) } : {}),
  };
}
