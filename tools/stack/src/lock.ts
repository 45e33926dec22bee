import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from './options.ts';

/** Keeps a second `npm start` away from the same data; the lock of a process that died is taken over. */
export async function claimFolder(dataDir: string): Promise<AsyncDisposable> {
  const file = join(dataDir, 'pid');
  for (let tries = 0; ; tries += 1) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || tries > 2) throw error;
    }
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (pid > 0 && isRunning(pid))
      throw new Mistake(`${dataDir} is in use by another "npm start" (process ${pid})`);
    await rm(file, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
