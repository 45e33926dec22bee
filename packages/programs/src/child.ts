import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ChildProcessOptions {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** User and group to run as; only root may ask for it. */
  runAs?: { uid: number; gid: number } | undefined;
  /** Everything the program prints is appended here. */
  logFile: string;
  /** The signal that asks the program to end. */
  stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL';
  /** How long it may take to end before it is killed; 5 s unless told. */
  stopTimeoutMs?: number;
}

export interface RunningChild extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when the program has ended, for whatever reason, with a line that says how. */
  readonly ended: Promise<string>;
  /** Set once the program has ended. */
  readonly hasEnded: boolean;
  /** The last lines of its log, for error messages. */
  logTail(lines?: number): string;
}

// Waits until the pipe from the process that started it closes, which the kernel does however that process
// dies, and then ends the program. Arguments: pid, signal name, tenths of a second until SIGKILL.
const guard = `read -r _; kill -s "$2" "$1" 2>/dev/null || exit 0
n=0; while [ $n -lt "$3" ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
kill -s KILL "$1" 2>/dev/null`;

/**
 * Starts a long-running program that ends with this process, even if this process is killed. It has a
 * process group of its own: Ctrl-C in a terminal reaches only us, and we decide the order in which things end.
 */
export async function startChild(options: ChildProcessOptions): Promise<RunningChild> {
  const { stopSignal = 'SIGTERM', stopTimeoutMs = 5_000, logFile } = options;
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', log, log],
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: options.env ?? process.env,
      ...options.runAs,
    });
  } finally {
    closeSync(log);
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new Error(`${options.command} cannot be started: ${error.message}`)),
    );
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} has no process id`);

  const watcher = startGuard(pid, stopSignal, stopTimeoutMs);
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      hasEnded = true;
      watcher.kill('SIGKILL'); // before the pid can belong to somebody else
      resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`);
    });
  });

  return {
    pid,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    logTail: (lines = 5) => tail(logFile, lines),
    async [Symbol.asyncDispose]() {
      if (hasEnded) return;
      child.kill(stopSignal);
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function startGuard(pid: number, signal: string, timeoutMs: number): ChildProcess {
  const args = [
    '-c',
    guard,
    'guard',
    String(pid),
    signal.replace('SIG', ''),
    String(Math.ceil(timeoutMs / 100)),
  ];
  const watcher = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watcher.stdin.on('error', () => undefined); // the pipe breaks when the guard is killed: that is its normal end
  return watcher;
}

function tail(file: string, lines: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
