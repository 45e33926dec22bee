import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeys } from '@cnap/auth';
import { freePort } from '@cnap/programs';
import { portNames, serviceNames, type PortName, type Program } from './layout.ts';

/** What must stay the same from one start to the next. */
export type Kept = {
  ports: Record<PortName, number>;
  /** Key-encryption keys, as CNAP_KEYS has them. */
  keyring: string;
  /** Ed25519 keys by service; `admin` is the operator's command. */
  keys: Record<Program | 'admin', { privateKey: string; publicKey: string }>;
  /** Passwords of the Postgres roles, `admin` of the superuser. */
  passwords: Record<string, string>;
  webhookSecret: string;
};

/** Reads what was kept, or makes it. The file is for its owner alone. */
export async function openKept(dataDir: string, fresh: boolean): Promise<Kept> {
  if (fresh) await forget(dataDir);
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'kept.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const before = text === undefined ? undefined : (JSON.parse(text) as Kept);
  if (before && portNames.every((name) => name in before.ports)) return before;
  const made = await makeKept();
  // What a newer version listens on besides has ports of its own.
  const kept = before ? { ...before, ports: { ...made.ports, ...before.ports } } : made;
  await writePrivately(file, kept);
  return kept;
}

/** Forgets everything but the lock of the start that is under way. */
async function forget(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch(() => []);
  const old = names.filter((name) => name !== 'pid').map((name) => join(dataDir, name));
  await Promise.all(old.map((path) => rm(path, { recursive: true, force: true })));
}

/** Writes JSON that only its owner may read, whole or not at all. */
export async function writePrivately(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function makeKept(): Promise<Kept> {
  const ports: Partial<Record<PortName, number>> = {};
  const taken = new Set<number>();
  for (const name of portNames) {
    let port = await freePort();
    while (taken.has(port)) port = await freePort();
    taken.add(port);
    ports[name] = port;
  }
  const secret = () => randomBytes(24).toString('base64url');
  const entries = [...serviceNames, 'gateway', 'admin'] as const;
  return {
    ports: ports as Record<PortName, number>,
    keyring: `dev-1:${randomBytes(32).toString('base64')}`,
    keys: Object.fromEntries(entries.map((name) => [name, generateKeys()])) as Kept['keys'],
    passwords: Object.fromEntries(['admin', ...serviceNames].map((name) => [name, secret()])),
    webhookSecret: `whsec_${secret()}`,
  };
}
