import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { currentTraceparent } from './context.ts';
import { redact, redactText } from './redact.ts';

/** Writes one line; `fields` are redacted, whatever they hold. An error goes under `err`. */
export type LogMethod = {
  (fields: object, text?: string): void;
  (text: string): void;
};

/** Structured logs of a service. Every line has the trace it belongs to. */
export type Logger = {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** A logger whose lines all carry `fields`. */
  child(fields: object): Logger;
};

/**
 * A logger that writes JSON lines to standard output, from the level LOG_LEVEL (default `info`) on.
 * `destination` is for tests.
 */
export function createLogger(service: string, destination?: DestinationStream): Logger {
  const options = {
    level: process.env['LOG_LEVEL'] ?? 'info',
    base: { service },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: traceFields,
    formatters: { level: (label: string) => ({ level: label }) },
    // Errors arrive as plain objects.
    serializers: { err: (value: unknown) => value },
  };
  return redacting(destination === undefined ? pino(options) : pino(options, destination));
}

/** Redacts before pino sees anything: its own hooks miss what a child is bound to and the text of errors. */
function redacting(inner: PinoLogger): Logger {
  const method = (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    function log(fields: object | string, text?: string) {
      if (!inner.isLevelEnabled(level)) return;
      if (typeof fields === 'string') return inner[level](redactText(fields));
      const shown = redact(fields instanceof Error ? { err: fields } : fields) as object;
      inner[level](shown, text === undefined ? undefined : redactText(text));
    };
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => redacting(inner.child(redact(fields) as object)),
  };
}

function traceFields(): object {
  const traceparent = currentTraceparent();
  return traceparent === undefined
    ? {}
    : { trace_id: traceparent.slice(3, 35), span_id: traceparent.slice(36, 52) };
}
