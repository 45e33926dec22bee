import { childTraceparent, currentTraceparent, isTraceparent, newTraceparent, withTrace } from './context.ts';
import { redact, redactText } from './redact.ts';

export type Attributes = Record<string, string | number>;
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** A span under way. It must be ended. */
export type OpenSpan = {
  /** To hand on, and to run the work in with `withTrace`. */
  readonly traceparent: string;
  /** Ends it with more attributes; with an error it counts as failed. */
  end(outcome?: { attributes?: Attributes; error?: unknown }): void;
};

/** What the exporter offers while it is on. */
export type SpanSink = (
  name: string,
  attributes: Attributes,
  kind: SpanKind,
  parent: string | undefined,
) => OpenSpan;

let sink: SpanSink | undefined;

/** Sends spans to an exporter from now on, or to none. */
export function setSpanSink(next: SpanSink | undefined): void {
  sink = next;
}

const ignore = (): void => undefined;

/**
 * Begins a span within the trace of `parent` where that is valid, the current one, or a trace of its own where there is none. Without an
 * exporter only its traceparent exists.
 */
export function startSpan(
  name: string,
  attributes: Attributes = {},
  options: { kind?: SpanKind; parent?: string } = {},
): OpenSpan {
  const parent = isTraceparent(options.parent) ? options.parent : currentTraceparent();
  if (sink !== undefined) {
    return sink(redactText(name), redact(attributes) as Attributes, options.kind ?? 'internal', parent);
  }
  return { traceparent: parent === undefined ? newTraceparent() : childTraceparent(parent), end: ignore };
}

/** Runs `work` as a span of the current trace; what it throws marks the span as failed. */
export async function span<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const open = startSpan(name, attributes);
  try {
    const result = await withTrace(open.traceparent, work);
    open.end();
    return result;
  } catch (error) {
    open.end({ error });
    throw error;
  }
}
