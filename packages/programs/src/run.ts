import { execFile } from 'node:child_process';

/** Runs a program to its end and returns what it printed. Its own last lines are the error's message. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; timeoutMs?: number; uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { timeoutMs = 60_000, ...rest } = options;
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { ...rest, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const said = (stderr || stdout || error.message).trim().split('\n').slice(-3).join(' | ');
        reject(new Error(`${command}: ${said}`, { cause: error }));
      },
    );
  });
}
