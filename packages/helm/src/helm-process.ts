import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { DomainError } from '@cnap/errors';
import { findProgram } from '@cnap/programs';

export type HelmRun = {
  arguments: string[];
  /** What it reads on its standard input. */
  input: string;
  /** Where it runs, and its home; it writes nothing there. */
  folder: string;
  /** A file, for a run that may see a cluster; there is none otherwise. */
  kubeconfig: string | undefined;
  signal: AbortSignal;
  deadlineMs: number;
};

export type HelmResult = { code: number; output: string; errors: string };

const maxOutputBytes = 64 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;
/** Of the process, in KiB of address space: a template can ask for any amount. */
const maxMemoryKib = 4 * 1024 * 1024;

/** Runs Helm without this machine's Helm settings, plugins, kubeconfig or secrets in its environment. */
export async function runHelm(run: HelmRun): Promise<HelmResult> {
  const { path } = await findProgram('helm');
  run.signal.throwIfAborted();
  const deadline = AbortSignal.timeout(run.deadlineMs);
  const child = spawn(
    '/bin/sh',
    ['-c', `ulimit -v ${maxMemoryKib} 2>/dev/null; exec "$0" "$@"`, path, ...run.arguments],
    { cwd: run.folder, env: environment(run), stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const stop = () => void child.kill('SIGKILL');
  const ends = AbortSignal.any([run.signal, deadline]);
  ends.addEventListener('abort', stop, { once: true });
  try {
    const output = collect(child.stdout, maxOutputBytes, stop);
    const errors = collect(child.stderr, maxErrorBytes, () => undefined);
    child.stdin.on('error', () => undefined); // it ended without reading; its status says why
    child.stdin.end(run.input);
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? -1));
    });
    run.signal.throwIfAborted();
    if (deadline.aborted) throw failure(`it takes longer than ${run.deadlineMs / 1000} s`);
    if (output.exceeded()) throw failure(`it renders to more than ${maxOutputBytes / 1024 / 1024} MiB`);
    return { code, output: output.text(), errors: errors.text() };
  } finally {
    ends.removeEventListener('abort', stop);
    stop();
  }
}

function environment({ folder, kubeconfig }: HelmRun): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    HELM_CACHE_HOME: join(folder, 'helm'),
    HELM_CONFIG_HOME: join(folder, 'helm'),
    HELM_DATA_HOME: join(folder, 'helm'),
    HELM_NO_PLUGINS: '1',
    KUBECONFIG: kubeconfig ?? join(folder, 'kubeconfig'),
    NO_COLOR: '1',
    GOGC: '400', // a run of 50 ms is over before collecting pays
  };
}

function collect(stream: NodeJS.ReadableStream, limit: number, onExceeded: () => void) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  stream.on('data', (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else onExceeded();
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), exceeded: () => size > limit };
}

function failure(problem: string): DomainError {
  return new DomainError(
    'resource-exhausted',
    'CHART_RENDER_LIMIT',
    `The chart cannot be rendered: ${problem}.`,
  );
}
