import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in MB of the programs that a process started, by name. */
export function memoryBelow(pid: number): Record<string, number> {
  const found: Record<string, number> = {};
  const children = new Map<number, { pid: number; command: string; mb: number }[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
      const mb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024;
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      const list = children.get(parent) ?? [];
      list.push({ pid: Number(entry), command, mb });
      children.set(parent, list);
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      const name = /services\/([a-z]+)\/src\/main\.ts/.exec(child.command)?.[1];
      if (name !== undefined) found[name] = Math.round(child.mb);
      below(child.pid);
    }
  };
  below(pid);
  return found;
}
