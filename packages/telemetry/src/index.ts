export {
  adoptActor,
  currentActor,
  currentTraceId,
  currentTraceparent,
  withActor,
  withTrace,
  type Actor,
} from './context.ts';
export { createLogger, type Logger, type LogMethod } from './logger.ts';
export { counter, histogram, type Counter, type Histogram } from './metrics.ts';
export { redact, redactText } from './redact.ts';
export { span, startSpan, type Attributes, type OpenSpan, type SpanKind } from './span.ts';
export { startTelemetry, type Telemetry } from './start.ts';
