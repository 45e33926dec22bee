import { expect, test } from 'vitest';
import { judge, usualPace, type Known } from './plan.ts';

const now = new Date('2026-11-20T12:00:00Z');
const room = { cpuMillis: 4_000, memoryBytes: 8, pods: 110, nodes: 1 };
const running: Known = {
  state: 'running',
  stateMessage: '',
  stateReason: '',
  kubernetesVersion: 'v1.36.3',
  capacity: room,
  failingSince: null,
};
const silent = { answered: false, reason: 'NO_ANSWER', message: 'connection refused' } as const;
const answer = { answered: true, kubernetesVersion: 'v1.36.3' } as const;
const longAgo = new Date(now.getTime() - usualPace.unreachableAfterMs);

test('one missed answer is noted, nobody is told', () => {
  expect(judge(running, silent, now, usualPace)).toEqual({ failingSince: now });
});

test('a cluster that stays silent becomes unreachable, once', () => {
  const verdict = judge({ ...running, failingSince: longAgo }, silent, now, usualPace);
  expect(verdict).toMatchObject({ change: { state: 'unreachable' }, fact: 'unreachable' });
  const known: Known = { ...running, state: 'unreachable', stateReason: 'NO_ANSWER', failingSince: longAgo };
  expect(judge(known, silent, now, usualPace)).toEqual({ failingSince: longAgo });
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

test('what it lacks is told anew when that changes', () => {
  const known: Known = { ...running, state: 'unreachable', stateReason: 'NO_ANSWER', failingSince: longAgo };
  const refused = { answered: false, reason: 'CREDENTIALS_REFUSED', message: 'expired' } as const;
  expect(judge(known, refused, now, usualPace)).toMatchObject({
    change: { state: 'unreachable', stateReason: 'CREDENTIALS_REFUSED', stateMessage: 'expired' },
    fact: 'updated',
  });
});

test('a cluster that asks to be left alone is neither gone nor back', () => {
  const later = { answered: 'later', afterMs: 1_000 } as const;
  expect(judge({ ...running, failingSince: longAgo }, later, now, usualPace)).toEqual({
    failingSince: longAgo,
  });
});

test('a cluster that goes away at any moment is told of within 30 s', () => {
  const lookMs = 5_000; // the deadline of a call: what a look at a silent cluster takes
  // It goes away right after a look that began at 0 and was answered at once: no moment is worse.
  let known = running;
  let toldAt = 0;
  for (let at = usualPace.lookAgainMs; known.state === 'running'; at += lookMs + usualPace.lookAgainMs) {
    const verdict = judge(known, silent, new Date(at), usualPace);
    known = { ...known, failingSince: verdict.failingSince, ...verdict.change };
    toldAt = at + lookMs;
  }
  expect(toldAt).toBeLessThanOrEqual(30_000);
});
