import type { FactHeader } from '@cnap/events';

/** Recorded whoever did it: shells that were opened, secrets that were downloaded. */
const always = new Set(['installer.v1.shell.opened', 'clusters.v1.kubeconfig.created']);

/**
 * Whether a fact belongs into the audit log: what a person or a token did, in the call itself. What the platform does
 * on their behalf later (an install that becomes ready) is a consequence, and found by its trace.
 */
export function isAudited({ type, actor, workspaceIds }: FactHeader): boolean {
  if (workspaceIds.length === 0) return false;
  // Facts that do not say it are older than the log.
  return always.has(type) || (actor?.kind === 'user' && actor.onBehalf === false);
}
