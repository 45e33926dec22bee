import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnap-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder is claimed once, until it is given back', async () => {
  {
    await using _claim = await claimFolder(folder);
    await expect(claimFolder(folder)).rejects.toThrow(
      `in use by another "npm start" (process ${process.pid})`,
    );
  }
  await using _again = await claimFolder(folder);
  expect(await readFile(join(folder, 'pid'), 'utf8')).toBe(String(process.pid));
});

test.each(['4194999', '', 'nonsense'])(
  'the lock of a process that is gone (%j) is taken over',
  async (pid) => {
    await writeFile(join(folder, 'pid'), pid);
    await using _claim = await claimFolder(folder);
    expect(await readFile(join(folder, 'pid'), 'utf8')).toBe(String(process.pid));
  },
);
