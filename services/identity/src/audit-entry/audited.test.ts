import type { FactHeader } from '@cnap/events';
import { expect, test } from 'vitest';
import { isAudited } from './audited.ts';

const fact = (changes: Partial<FactHeader>): FactHeader => ({
  id: 'evt_1',
  type: 'installer.v1.install.updated',
  fact: 'updated',
  resourceId: 'ins_1',
  version: 2,
  workspaceIds: ['ws_1'],
  time: new Date(0),
  actor: { kind: 'user', id: 'usr_1', onBehalf: false },
  traceparent: undefined,
  ...changes,
});
const service = { kind: 'service', id: 'billing' } as const;

test.each<[string, Partial<FactHeader>, boolean]>([
  ['what a person does', {}, true],
  ['what the platform does on their behalf', { actor: { kind: 'user', id: 'usr_1', onBehalf: true } }, false],
  ['what does not say whether the person did it', { actor: { kind: 'user', id: 'usr_1' } }, false],
  ['what a service does', { actor: service }, false],
  ['what nobody does', { actor: undefined }, false],
  ['a shell, whoever opens it', { type: 'installer.v1.shell.opened', actor: service }, true],
  ['a kubeconfig, whoever downloads it', { type: 'clusters.v1.kubeconfig.created', actor: service }, true],
  ['what concerns no workspace', { workspaceIds: [] }, false],
])('%s', (_, changes, audited) => {
  expect(isAudited(fact(changes))).toBe(audited);
});
