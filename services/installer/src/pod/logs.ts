import type { Engine, PodInfo, Target } from '../kubernetes/port.ts';

/** Each followed log is a connection to the cluster. */
const maxPods = 10;
const defaultTailLines = 100;
const longestLine = 32_768;

/** Which lines: of a container (empty: each pod's first), from where, and whether to go on at the end. */
export type Wanted = { container: string; follow: boolean; tailLines: number; sinceSeconds: number };

/**
 * Lines of the logs of pods, at most ten of them: one after the other, or, when followed, each as it comes. A pod whose
 * log is not to be had is passed over as long as another's is.
 */
export async function* linesOf(
  engine: Engine,
  target: Target,
  pods: readonly PodInfo[],
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const end = new AbortController();
  const until = AbortSignal.any([signal, end.signal]);
  const logs = pods.slice(0, maxPods).map((pod) => {
    const options = {
      pod: pod.name,
      container: wanted.container || pod.containers[0],
      tailLines: wanted.tailLines || defaultTailLines,
      sinceSeconds: wanted.sinceSeconds || undefined,
    };
    return wanted.follow
      ? followed(engine.followLogs(target, options, until))
      : written(() => engine.podLogs(target, options, until));
  });
  try {
    yield* wanted.follow ? merged(logs) : chained(logs);
  } finally {
    end.abort();
    await Promise.allSettled(logs.map((log) => log.return(undefined)));
  }
}

async function* written(read: () => Promise<string>): AsyncGenerator<string> {
  for (const line of (await read()).split('\n')) if (line !== '') yield* pieces(line);
}

async function* followed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of chunks) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* pieces(line);
    while (rest.length > longestLine) {
      yield rest.slice(0, longestLine);
      rest = rest.slice(longestLine);
    }
  }
  if (rest !== '') yield rest;
}

/** A line that never ends, or hardly, comes in pieces: it is not ours to keep. */
function* pieces(line: string): Generator<string> {
  if (line.length <= longestLine) return yield line;
  for (let from = 0; from < line.length; from += longestLine) yield line.slice(from, from + longestLine);
}

async function* chained(logs: readonly AsyncGenerator<string>[]): AsyncGenerator<string> {
  const failures: unknown[] = [];
  for (const log of logs) {
    try {
      yield* log;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === logs.length) throw failures[0];
}

async function* merged(logs: readonly AsyncGenerator<string>[]): AsyncGenerator<string> {
  const failures: unknown[] = [];
  type Turn = { log: AsyncGenerator<string>; next?: IteratorResult<string>; error?: unknown };
  const turnOf = (log: AsyncGenerator<string>): Promise<Turn> =>
    log.next().then(
      (next) => ({ log, next }),
      (error: unknown) => ({ log, error }),
    );
  const turns = new Map(logs.map((log) => [log, turnOf(log)]));
  while (turns.size > 0) {
    const { log, next, error } = await Promise.race(turns.values());
    if (next === undefined) failures.push(error);
    if (next === undefined || next.done === true) turns.delete(log);
    else {
      // Asked at once, and put last: a log that never pauses does not keep the others from their turn.
      turns.delete(log);
      yield next.value;
      turns.set(log, turnOf(log));
    }
  }
  if (failures.length === logs.length) throw failures[0];
}
