import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../programs.ts';
import type { Figures } from './figures.ts';

/** The installer in a process of its own, with the probe in it. */
export type InstallerProcess = AsyncDisposable & {
  url: string;
  pid: number;
  figures(): Promise<Figures>;
};

const longestStartMs = 120_000;

export async function startInstallerProcess(
  environment: Record<string, string>,
  logFile: string,
): Promise<InstallerProcess> {
  const log = openSync(logFile, 'a');
  const child = fork(join(root, 'services/installer/src/main.ts'), {
    cwd: root,
    env: {
      ...process.env,
      // As `npm start` runs services.
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${join(import.meta.dirname, '../probe/main.ts')} --max-semi-space-size=4`,
      LOG_LEVEL: 'warn',
      ...environment,
    },
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const heard = async <T extends object>(what: string): Promise<T> => {
    const message = new Promise<T>((resolve) => {
      const hear = (said: object) => {
        if (!(what in said)) return;
        child.off('message', hear);
        resolve(said as T);
      };
      child.on('message', hear);
    });
    const answer = await Promise.race([message, ended, pause(longestStartMs, undefined, { ref: false })]);
    if (answer && !Array.isArray(answer)) return answer;
    throw new Error(`the installer does not answer: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
  };
  const { ready: url } = await heard<{ ready: string }>('ready');
  return {
    url,
    pid: child.pid ?? 0,
    async figures() {
      const answer = heard<{ figures: Figures }>('figures');
      child.send({ tell: 'figures' });
      return (await answer).figures;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await Promise.race([ended, pause(12_000, undefined, { ref: false })]);
      child.kill('SIGKILL');
    },
  };
}
