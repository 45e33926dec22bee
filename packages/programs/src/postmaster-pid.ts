import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';
import { waitUntil } from './wait-until.ts';

/**
 * Removes the pid file that a killed server left in its data. A server that is still ending (its guard has
 * just told it to) is waited for; one that goes on running is an error, as two would destroy the data.
 */
export async function clearStalePidFile(dataDir: string, timeoutMs = 10_000): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text);
  await waitUntil(async () => !(await isServerOf(dataDir, pid)), {
    timeoutMs,
    late: () => new Error(`${dataDir} is in use by another Postgres, process ${pid}: end that first`),
  });
  await rm(file, { force: true });
}

async function isServerOf(dataDir: string, pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() =>
    process.platform === 'linux' ? '' : run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ''),
  );
  return command.includes('postgres') && command.includes(dataDir); // else the number belongs to somebody else now
}

/**
 * Whether the server with this pid lets sessions in: it writes so in its pid file's eighth line. Asking the
 * port would not do, as another server may listen there.
 */
export async function saysReady(dataDir: string, pid: number): Promise<boolean> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}
