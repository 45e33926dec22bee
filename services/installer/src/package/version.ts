import type { UpdatePolicyName } from '../database.ts';

const parts = (version: string): number[] => version.split('.', 3).map(Number);

/** Whether an install of this policy moves from one package version to another; never back. */
export function follows(policy: UpdatePolicyName, from: string, to: string): boolean {
  if (policy === 'manual' || from === '') return false;
  const [before, after] = [parts(from), parts(to)];
  const first = before.findIndex((part, index) => part !== after[index]);
  if (first === -1 || (after[first] ?? 0) < (before[first] ?? 0)) return false;
  return policy === 'all' || first === 2;
}
