import { existsSync } from 'node:fs';
import { chown, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Postgres refuses to run as root, as which containers and build machines often run. */
export interface Account {
  runAs: { uid: number; gid: number } | undefined;
  /** The command to start so that the program may read what it needs. */
  command(program: string, args: string[]): { command: string; args: string[] };
  /** Gives a file, or a folder and all in it, to the account. */
  own(path: string): Promise<void>;
}

const nobody = 65_534;

/** Who runs Postgres: ourselves, or `nobody` when we are root. It must be able to reach `paths`. */
export async function unprivilegedAccount(paths: string[]): Promise<Account> {
  if (process.getuid?.() !== 0) {
    return { runAs: undefined, command: (command, args) => ({ command, args }), own: async () => undefined };
  }
  if ((await Promise.all(paths.map(isOpenToAll))).every(Boolean)) {
    return { runAs: { uid: nobody, gid: nobody }, command: (command, args) => ({ command, args }), own };
  }
  // A checkout below /root (mode 0700): the account changes, the capability to pass closed folders stays.
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (!setpriv)
    throw new Error(`as root, ${paths.join(' and ')} must be readable by all users, or setpriv installed`);
  const ids = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return {
    runAs: undefined,
    command: (program, args) => ({ command: setpriv, args: [...ids, ...capability, '--', program, ...args] }),
    own,
  };
}

async function isOpenToAll(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function own(path: string): Promise<void> {
  const found = await stat(path);
  if (found.uid !== nobody) await chown(path, nobody, nobody);
  if (!found.isDirectory()) return;
  for (const name of await readdir(path)) await own(join(path, name));
}
