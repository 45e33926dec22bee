import type { Attributes } from './span.ts';

/** Something that is counted; it only ever grows. */
export type Counter = { add(value: number, attributes?: Attributes): void };
/** Something whose distribution matters, such as a duration in milliseconds. */
export type Histogram = { record(value: number, attributes?: Attributes): void };

/** What the exporter offers while it is on. */
export type MetricSink = { counter(name: string): Counter; histogram(name: string): Histogram };

let sink: MetricSink | undefined;
let generation = 0;

/** Sends metrics to an exporter from now on, or to none. */
export function setMetricSink(next: MetricSink | undefined): void {
  sink = next;
  generation += 1;
}

/** Looks its instrument up again whenever the exporter changed, so that it may be made before the exporter. */
function following<T>(make: (from: MetricSink) => T): () => T | undefined {
  let seen = -1;
  let instrument: T | undefined;
  return () => {
    if (seen !== generation) {
      seen = generation;
      instrument = sink === undefined ? undefined : make(sink);
    }
    return instrument;
  };
}

/** A counter by its name, such as `cnap.rpc.calls`. Without an exporter it costs nothing and counts nothing. */
export function counter(name: string): Counter {
  const current = following((from) => from.counter(name));
  return { add: (value, attributes) => current()?.add(value, attributes) };
}

/** A histogram by its name, such as `cnap.rpc.duration_ms`. Without an exporter it costs nothing. */
export function histogram(name: string): Histogram {
  const current = following((from) => from.histogram(name));
  return { record: (value, attributes) => current()?.record(value, attributes) };
}
