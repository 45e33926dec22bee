import { readdirSync, readFileSync } from 'node:fs';

/** A process, named after the program it runs: `billing`, `kubesim`, `postgres`. */
export type Process = { pid: number; name: string };

const ticksPerSecond = 100; // USER_HZ, the same on every Linux that Node runs on

/** All processes below one, whatever started them. Linux only: it reads /proc. */
export function descendants(pid: number): Process[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statOf(Number(name))?.[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const found: Process[] = [];
  const visit = (parent: number) => {
    for (const child of parents.get(parent) ?? []) {
      found.push({ pid: child, name: nameOf(child) });
      visit(child);
    }
  };
  visit(pid);
  return found;
}

/** CPU time used so far, user and system, in microseconds. */
export function cpuMicros(pid: number): number {
  const stat = statOf(pid);
  if (!stat) throw new Error(`process ${pid} has ended`);
  return ((Number(stat[11]) + Number(stat[12])) / ticksPerSecond) * 1_000_000;
}

/** The same of the processes that it started and that have ended. */
export function childCpuMicros(pid: number): number {
  const stat = statOf(pid);
  if (!stat) throw new Error(`process ${pid} has ended`);
  return ((Number(stat[13]) + Number(stat[14])) / ticksPerSecond) * 1_000_000;
}

/** Resident memory in MB (2^20 bytes). */
export function residentMB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1_024;
}

/** The fields of /proc/<pid>/stat from the state on; a name may hold spaces and brackets. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // it has just ended
  }
}

function nameOf(pid: number): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const entry = /(?:services|tools)\/([a-z]+)\/src\/main\.ts$/.exec(command[1] ?? '');
    return entry?.[1] ?? (command[0] ?? '').split(/[/:]/).findLast(Boolean) ?? '';
  } catch {
    return '';
  }
}
