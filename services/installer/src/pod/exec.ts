import { DomainError, invalidField, notFound } from '@cnap/errors';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { publish } from '@cnap/events';
import type { Exec, ExecEvent } from '@cnap/kubernetes';
import type {
  ExecPodRequest,
  ExecPodResponseSchema,
  ExecPodStart,
} from '@cnap/proto/cnap/installer/v1/pod_service';
import type { Database, InstallRow } from '../database.ts';
import { targetOf } from '../install/steps.ts';
import { viewerOf } from '../install/to-proto.ts';
import type { PodInfo } from '../kubernetes/pod-info.ts';
import type { Engine } from '../kubernetes/port.ts';
import { shellOpened } from './event.ts';
import { findPlaced, fromCluster, onCluster } from './placed.ts';

/** How long a shell may be open, and how many may be. */
export type ShellLimits = { idleMs: number; totalMs: number; perInstall: number; inAll: number };

/** domain.md has no numbers; the issue asks for an idle and a total limit. */
export const shellLimits: ShellLimits = {
  idleMs: 15 * 60_000,
  totalMs: 8 * 3_600_000,
  perInstall: 10,
  inAll: 200,
};

type Deps = { db: Database; engine: Engine; limits: ShellLimits };
type Answer = MessageInitShape<typeof ExecPodResponseSchema>;

const notReady = 'EXEC_NOT_READY';
const usualSize = { columns: 80, rows: 24 };

type TerminalSize = { columns: number; rows: number };

/** Runs commands in containers of installs, for one caller each. */
export function createShells({ db, engine, limits }: Deps) {
  const open = new Map<string, number>();
  let openInAll = 0;

  function take(installId: string): Disposable {
    const here = open.get(installId) ?? 0;
    if (here >= limits.perInstall || openInAll >= limits.inAll) {
      const message = `The install has ${here} open shells.`;
      const suggestion = 'Close one, or try again later.';
      throw new DomainError('resource-exhausted', 'EXEC_TOO_MANY', message, { suggestion });
    }
    open.set(installId, here + 1);
    openInAll += 1;
    return {
      [Symbol.dispose]() {
        const left = (open.get(installId) ?? 1) - 1;
        if (left === 0) open.delete(installId);
        else open.set(installId, left);
        openInAll -= 1;
      },
    };
  }

  return async function* run(
    requests: AsyncIterable<ExecPodRequest>,
    workspaceId: string,
    signal: AbortSignal,
  ): AsyncGenerator<Answer> {
    const input = requests[Symbol.asyncIterator]();
    const start = await startIn(input);
    const row = await findPlaced(db, workspaceId, start.installId);
    if (row && row.product.ownerExecOn !== true && !viewerOf(row, workspaceId).operates) {
      const message = 'The seller does not let owners of this product into its containers.';
      throw new DomainError('permission-denied', 'EXEC_NOT_OFFERED', message);
    }
    const pods = row ? await onCluster(notReady, () => engine.listPods(targetOf(row), signal)) : [];
    const pod = podFor(pods, start);
    if (!row || pod === undefined) throw notFound('pod', start.pod);
    const container = start.container || (pod.containers[0] ?? '');
    using _taken = take(row.id);
    const command = start.command.length === 0 ? ['/bin/sh'] : start.command;
    await tell(db, row, { pod: pod.name, container, program: command[0] ?? '' });
    using end = endOf(limits, signal);
    const wish = { pod: pod.name, container, command, terminal: start.terminal, signal: end.signal };
    using exec = await onCluster(notReady, () => engine.execPod(targetOf(row), wish));
    yield { message: { case: 'opened', value: { pod: pod.name, container } } };
    const terminal = { size: start.terminal ? (start.size ?? usualSize) : undefined };
    if (terminal.size) await exec.resize(terminal.size);
    void passTyped(input, exec, end, terminal);
    let begun = false;
    for await (const event of fromCluster(notReady, exec.events)) {
      end.touch();
      // A size that comes before the process is there is lost.
      if (!begun && terminal.size) await exec.resize(terminal.size);
      begun = true;
      yield answerOf(event);
    }
  };
}

async function startIn(input: AsyncIterator<ExecPodRequest>): Promise<ExecPodStart> {
  const first = await input.next();
  if (first.done !== true && first.value.message.case === 'start') return first.value.message.value;
  throw invalidField('start', 'must be the first message');
}

/** Who opens a shell is known before anything runs: without the fact there is no shell. */
const tell = (db: Database, row: InstallRow, where: Parameters<typeof shellOpened>[1]): Promise<void> =>
  db.acrossWorkspaces((tx) => publish(tx, shellOpened(row, where)));

const podFor = (pods: readonly PodInfo[], { pod }: ExecPodStart): PodInfo | undefined =>
  pod === ''
    ? (pods.find(({ phase, ready }) => phase === 'Running' && ready) ?? pods[0])
    : pods.find(({ name }) => name === pod);

/**
 * Passes on what is typed, at the pace of the container, until the shell has ended; what is wrong with it ends the
 * shell. A caller who has no more to say has not closed the input: API servers lose output when it is closed while a
 * command writes.
 */
async function passTyped(
  input: AsyncIterator<ExecPodRequest>,
  exec: Exec,
  end: ShellEnd,
  terminal: { size: TerminalSize | undefined },
): Promise<void> {
  try {
    for (let next = await input.next(); next.done !== true; next = await input.next()) {
      end.touch();
      if (next.value.message.case === 'size') terminal.size = next.value.message.value;
      await passOn(next.value, exec);
    }
  } catch (error) {
    end.now(error);
  }
}

async function passOn({ message }: ExecPodRequest, exec: Exec): Promise<void> {
  switch (message.case) {
    case 'input':
      return exec.write(message.value);
    case 'size':
      return exec.resize(message.value);
    case 'endOfInput':
      return exec.end();
    default:
      throw invalidField('start', 'must be the first message only');
  }
}

function answerOf(event: ExecEvent): Answer {
  switch (event.kind) {
    case 'output':
      return { message: { case: 'output', value: new Uint8Array(event.data) } };
    case 'errors':
      return { message: { case: 'errorOutput', value: new Uint8Array(event.data) } };
    case 'exit':
      return { message: { case: 'exited', value: { code: event.code, message: event.message } } };
  }
}

type ShellEnd = Disposable & { readonly signal: AbortSignal; touch(): void; now(reason: unknown): void };

function endOf({ idleMs, totalMs }: ShellLimits, asked: AbortSignal): ShellEnd {
  const controller = new AbortController();
  const ended = (reason: string, words: string) => () =>
    controller.abort(new DomainError('deadline-exceeded', reason, `The shell was ended: ${words}.`));
  const minutes = Math.round(idleMs / 60_000);
  const hours = Math.round(totalMs / 3_600_000);
  const idle = setTimeout(ended('EXEC_IDLE', `nothing was written for ${minutes} minutes`), idleMs);
  const total = setTimeout(ended('EXEC_TOO_LONG', `it was open for ${hours} hours`), totalMs);
  return {
    signal: AbortSignal.any([controller.signal, asked]),
    touch: () => void idle.refresh(),
    now: (reason) => controller.abort(reason),
    [Symbol.dispose]() {
      clearTimeout(idle);
      clearTimeout(total);
    },
  };
}
