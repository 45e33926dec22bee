import { createLogger } from './logger.ts';
import { setMetricSink } from './metrics.ts';
import { setSpanSink } from './span.ts';

/** Telemetry of a process. Disposing of it sends what has not been sent. */
export type Telemetry = AsyncDisposable & {
  /** Resolves when spans and metrics are exported, or at once where they are not. */
  ready: Promise<void>;
};

/**
 * Exports spans and metrics over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set; otherwise it does nothing and
 * the OpenTelemetry SDK (60 MB of memory) is never loaded. Trace context and logs do not depend on it.
 */
export function startTelemetry(service: string): Telemetry {
  if (!process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
    return { ready: Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const exporting = startExport(service);
  return {
    ready: exporting.then(() => undefined),
    async [Symbol.asyncDispose]() {
      setSpanSink(undefined);
      setMetricSink(undefined);
      await (await exporting)?.shutdown();
    },
  };
}

async function startExport(service: string) {
  const logger = createLogger(service);
  try {
    const { startOtlpExport } = await import('./otlp.ts');
    const exporter = startOtlpExport(service);
    setSpanSink(exporter.startSpan);
    setMetricSink(exporter.metrics);
    return {
      shutdown: () =>
        exporter.shutdown().catch((err: unknown) => logger.warn({ err }, 'the last telemetry was not sent')),
    };
  } catch (err) {
    // A service without telemetry is better than no service.
    logger.error({ err }, 'telemetry cannot be exported');
    return undefined;
  }
}
