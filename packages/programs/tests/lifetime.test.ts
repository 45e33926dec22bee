import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChild, startNats, startPostgres } from '../src/index.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'cnap-life-'))));
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'when its parent dies by %s, a program ends too, also one that ignores being asked',
  async (signal) => {
    const parent = startParent(`
      const options = { logFile: ${JSON.stringify(join(folder, 'log'))}, stopTimeoutMs: 300 };
      const easy = await startChild({ ...options, command: '/bin/sleep', args: ['600'] });
      const stubborn = await startChild({ ...options, command: '/bin/sh',
        args: ['-c', 'trap "" TERM INT; while :; do sleep 0.2; done'] });
      console.log(easy.pid, stubborn.pid);`);
    const pids = (await firstLine(parent)).split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    parent.kill(signal);
    await once(parent, 'exit');
    await until(() => pids.every((pid) => !isAlive(pid)));
  },
);

test('a disposed program has ended, and what it printed can be read', async () => {
  const logFile = join(folder, 'talk');
  const child = await startChild({
    command: '/bin/sh',
    args: ['-c', 'echo one; echo two; sleep 600'],
    logFile,
  });
  await until(() => child.logTail() === 'one\ntwo');
  expect(child.hasEnded).toBe(false);
  await child[Symbol.asyncDispose]();
  expect(child.hasEnded).toBe(true);
  expect(await child.ended).toBe('was ended by SIGTERM');
});

test('a program that cannot be started says so', async () => {
  const start = startChild({ command: '/nowhere/x', args: [], logFile: join(folder, 'x') });
  await expect(start).rejects.toThrow('/nowhere/x cannot be started');
});

test('Postgres keeps its data over a start, and one whose owner was killed', async () => {
  const dataDir = join(folder, 'postgres');
  {
    await using first = await startPostgres({ dataDir });
    await expect(startPostgres({ dataDir: `${dataDir}-2`, port: first.port })).rejects.toThrow(
      `port ${first.port} is in use by another program`,
    );
    await query(first.url, 'create table kept as select 42 as answer');
  }
  const parent = startParent(
    `const postgres = await startPostgres({ dataDir: ${JSON.stringify(dataDir)} }); console.log(postgres.pid);`,
  );
  const pid = Number(await firstLine(parent));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await using again = await startPostgres({ dataDir }); // waits for the one that is just ending
  expect(again.pid).not.toBe(pid);
  expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await until(() => !isAlive(pid));
});

test('a second NATS on the same port gives one clear line', async () => {
  await using nats = await startNats({ dataDir: join(folder, 'nats') });
  await expect(startNats({ dataDir: join(folder, 'nats-2'), port: nats.port })).rejects.toThrow(
    `port ${nats.port} is in use by another program`,
  );
});

function startParent(body: string): ChildProcess {
  const index = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);
  const script = `import { startChild, startPostgres } from ${index};\n${body}\nsetInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function firstLine(parent: ChildProcess): Promise<string> {
  const [data] = (await once(parent.stdout ?? parent, 'data')) as [Buffer];
  return data.toString().trim();
}

/** Ended processes that nobody has waited for still have a number; they are no longer alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (condition()) return;
    await pause(25);
  }
  throw new Error('it did not happen within 15 s');
}
