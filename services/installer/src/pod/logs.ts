import { setTimeout as pause } from 'node:timers/promises';
import type { LogOptions, PodInfo } from '../kubernetes/pod-info.ts';
import type { Engine, Target } from '../kubernetes/port.ts';

/** Each followed log is a connection to the cluster. */
const maxPods = 10;
const defaultTailLines = 100;
const longestLine = 32_768;
/** A pod that takes another's place, or a container that was restarted, is followed so soon. */
const lookEveryMs = 3_000;

/** Which lines: of a container (empty: each pod's first), and from where. */
export type Wanted = { container: string; tailLines: number; sinceSeconds: number };

/**
 * Lines of the logs of pods, at most ten of them, one after the other. A pod whose log is not to be had is passed over
 * as long as another's is.
 */
export async function* linesOf(
  engine: Engine,
  target: Target,
  pods: readonly PodInfo[],
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const logs = pods
    .slice(0, maxPods)
    .map((pod) => written(() => engine.podLogs(target, logOf(pod, wanted), signal)));
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

/**
 * The same as they are written, each line as it comes, also of pods and runs of containers that come later: `look`
 * tells the pods of the moment, and undefined when there will be none any more.
 */
export async function* followedLines(
  engine: Engine,
  target: Target,
  pods: readonly PodInfo[],
  wanted: Wanted,
  signal: AbortSignal,
  look: () => Promise<readonly PodInfo[] | undefined>,
  everyMs = lookEveryMs,
): AsyncGenerator<string> {
  const end = new AbortController();
  const until = AbortSignal.any([signal, end.signal]);
  const logs = new Map<AsyncGenerator<string>, string>();
  const seen = new Set<string>();
  const lastLineAt = new Map<string, number>();
  const turns = new Map<AsyncGenerator<string> | 'look', Promise<Turn>>();
  const begin = (current: readonly PodInfo[], options: Partial<LogOptions>): void => {
    for (const pod of current) {
      const run = runOf(pod, wanted);
      if (seen.has(run) || logs.size >= maxPods) continue;
      seen.add(run);
      const since = sinceSeconds(lastLineAt.get(run));
      const log = followed(engine.followLogs(target, { ...logOf(pod, wanted), ...options, ...since }, until));
      logs.set(log, run);
      turns.set(log, turnOf(log));
    }
  };
  begin(pods, {});
  let anyThere = false;
  turns.set('look', lookAgain(look, everyMs, until));
  try {
    while (turns.size > 0) {
      const turn = await Promise.race(turns.values());
      if (turn.kind === 'line') {
        // Asked at once, and put last: a log that never pauses does not keep the others from their turn.
        turns.delete(turn.log);
        lastLineAt.set(logs.get(turn.log) ?? '', Date.now());
        anyThere = true;
        yield turn.line;
        turns.set(turn.log, turnOf(turn.log));
      } else if (turn.kind === 'pods') {
        turns.delete('look');
        if (turn.pods === undefined) continue;
        // Of what came later, everything is new.
        begin(turn.pods, { tailLines: undefined, sinceSeconds: undefined });
        turns.set('look', lookAgain(look, everyMs, until));
      } else {
        turns.delete(turn.log);
        const run = logs.get(turn.log) ?? '';
        logs.delete(turn.log);
        if (turn.kind === 'ended') anyThere = true;
        else if (!anyThere && logs.size === 0) throw turn.error;
        // It may be to be had when it is looked for again.
        else seen.delete(run);
      }
    }
  } finally {
    end.abort();
    await Promise.allSettled([...logs.keys()].map((log) => log.return(undefined)));
  }
}

/** A log that broke off goes on where it was, to the second. */
const sinceSeconds = (lastAt: number | undefined): Pick<LogOptions, 'sinceSeconds'> =>
  lastAt === undefined ? {} : { sinceSeconds: Math.ceil((Date.now() - lastAt) / 1_000) };

type Turn =
  | { kind: 'line'; log: AsyncGenerator<string>; line: string }
  | { kind: 'ended'; log: AsyncGenerator<string> }
  | { kind: 'failed'; log: AsyncGenerator<string>; error: unknown }
  | { kind: 'pods'; pods: readonly PodInfo[] | undefined };

const turnOf = (log: AsyncGenerator<string>): Promise<Turn> =>
  log.next().then(
    (next): Turn => (next.done === true ? { kind: 'ended', log } : { kind: 'line', log, line: next.value }),
    (error: unknown): Turn => ({ kind: 'failed', log, error }),
  );

/** A cluster that does not answer now is asked again: what has been followed may go on. */
async function lookAgain(
  look: () => Promise<readonly PodInfo[] | undefined>,
  everyMs: number,
  signal: AbortSignal,
): Promise<Turn> {
  try {
    await pause(everyMs, undefined, { signal });
    return { kind: 'pods', pods: await look() };
  } catch {
    return { kind: 'pods', pods: signal.aborted ? undefined : [] };
  }
}

const containerOf = (pod: PodInfo, wanted: Wanted): string => wanted.container || (pod.containers[0] ?? '');

const logOf = (pod: PodInfo, wanted: Wanted): LogOptions => ({
  pod: pod.name,
  container: containerOf(pod, wanted),
  tailLines: wanted.tailLines || defaultTailLines,
  sinceSeconds: wanted.sinceSeconds || undefined,
});

/** One run of a container: its log is followed once. */
function runOf(pod: PodInfo, wanted: Wanted): string {
  const container = containerOf(pod, wanted);
  return `${pod.name} ${pod.createTime.getTime()} ${container} ${pod.restartsOf[container] ?? 0}`;
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
