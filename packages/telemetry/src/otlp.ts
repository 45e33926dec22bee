import {
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Context,
} from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { MetricSink } from './metrics.ts';
import { redact, redactText } from './redact.ts';
import type { Attributes, SpanKind, SpanSink } from './span.ts';

const kinds: Record<SpanKind, OtelKind> = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
};

/** Exports to the collector that the standard OTEL_EXPORTER_OTLP_* variables name. */
export function startOtlpExport(service: string) {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.namespace': 'cnap' });
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const meters = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
  });
  const tracer = tracers.getTracer('cnap');
  const meter = meters.getMeter('cnap');

  const startSpan: SpanSink = (name, attributes, kind, parent) => {
    const open = tracer.startSpan(name, { attributes, kind: kinds[kind] }, contextOf(parent));
    const { traceId, spanId, traceFlags } = open.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      end(outcome) {
        if (outcome?.attributes !== undefined) open.setAttributes(redact(outcome.attributes) as Attributes);
        if (outcome?.error !== undefined) {
          const { error } = outcome;
          const message = redactText(error instanceof Error ? error.message : String(error));
          open.setStatus({ code: SpanStatusCode.ERROR, message });
        }
        open.end();
      },
    };
  };
  const metrics: MetricSink = {
    counter: (name) => meter.createCounter(name),
    histogram: (name) => meter.createHistogram(name),
  };
  return {
    startSpan,
    metrics,
    async shutdown() {
      await Promise.all([tracers.shutdown(), meters.shutdown()]);
    },
  };
}

function contextOf(parent: string | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.slice(3, 35),
    spanId: parent.slice(36, 52),
    traceFlags: parent.endsWith('1') ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}
