import { expect, test } from 'vitest';
import { judge, usualPace, type Known } from './plan.ts';

const now = new Date('2026-11-20T12:00:00Z');
const room = { cpuMillis: 4_000, memoryBytes: 8, pods: 110, nodes: 1 };
const running: Known = {
  state: 'running',
  stateMessage: '',
  kubernetesVersion: 'v1.36.3',
  capacity: room,
  failingSince: null,
};
const silent = { answered: false, message: 'connection refused' } as const;
const answer = { answered: true, kubernetesVersion: 'v1.36.3' } as const;
const longAgo = new Date(now.getTime() - usualPace.unreachableAfterMs);

test('one missed answer is noted, nobody is told', () => {
  expect(judge(running, silent, now, usualPace)).toEqual({ failingSince: now });
});

test('a cluster that stays silent becomes unreachable, once', () => {
  const verdict = judge({ ...running, failingSince: longAgo }, silent, now, usualPace);
  expect(verdict).toMatchObject({ change: { state: 'unreachable' }, fact: 'unreachable' });
  expect(judge({ ...running, state: 'unreachable', failingSince: longAgo }, silent, now, usualPace)).toEqual({
    failingSince: longAgo,
  });
});

test('it recovers with its first answer', () => {
  expect(
    judge({ ...running, state: 'unreachable', failingSince: longAgo }, answer, now, usualPace),
  ).toMatchObject({
    failingSince: null,
    change: { state: 'running', stateMessage: '' },
    fact: 'recovered',
  });
});

test('nothing new is nothing to tell', () => {
  expect(judge(running, { ...answer, capacity: { ...room } }, now, usualPace)).toEqual({
    failingSince: null,
  });
});

test('another version or more room is told', () => {
  expect(judge(running, { ...answer, kubernetesVersion: 'v1.37.0' }, now, usualPace)).toMatchObject({
    fact: 'updated',
  });
  expect(judge(running, { ...answer, capacity: { ...room, nodes: 2 } }, now, usualPace)).toMatchObject({
    fact: 'updated',
  });
});
