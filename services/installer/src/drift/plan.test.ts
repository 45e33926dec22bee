import { expect, test } from 'vitest';
import type { Compared } from '../kubernetes/port.ts';
import {
  correctionsAtMost,
  dueAt,
  planDrift,
  rarelyMs,
  soonMs,
  withinMs,
  type Found,
  type Known,
} from './plan.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' } };
const entry = { apiVersion: 'v1', kind: 'ConfigMap', name: 'config', uid: 'u', signature: 'as it is now' };

const found = (paths: string[], more: Partial<Compared> = {}): Found => ({
  key: 'config',
  change: 'changed',
  fields: paths.map((path) => ({ path, manager: 'somebody' })),
  compared: { ref: entry, found: 'changed', changes: [], entry, apply: object, ...more },
});
const known = (change: Partial<Known> = {}): Known => ({
  object_key: 'config',
  state: 'detected',
  change: 'changed',
  fields: [{ path: '.data.a', manager: 'somebody' }],
  fought: [],
  corrections: {},
  message: '',
  ...change,
});
const plan = (one: Found, before?: Known, policy: 'correct' | 'warn' = 'correct') =>
  planDrift([one], new Map(before ? [['config', before]] : []), policy, now);
const times = (count: number, agoMs: number) =>
  Array.from({ length: count }, () => new Date(now - agoMs).toISOString());

test('what is new is written down before it is corrected', () => {
  expect(plan(found(['.data.a']))).toMatchObject({ detected: [{ key: 'config' }], correct: [] });
  expect(plan(found(['.data.a']), known())).toMatchObject({ detected: [], correct: [{ fought: [] }] });
});

test('other fields than before are news; other values are not', () => {
  expect(plan(found(['.data.a', '.data.b']), known()).detected).toHaveLength(1);
  expect(plan(found(['.data.a']), known({ state: 'corrected' })).detected).toHaveLength(1);
});

test('a field that was corrected too often lately is left, the others are not', () => {
  const corrections = { '.data.a': times(correctionsAtMost, 1_000) };
  const left = plan(found(['.data.a']), known({ corrections }));
  expect(left).toMatchObject({ correct: [], conflicts: [{ fought: ['.data.a'] }], accepted: [entry] });
  const fields = ['.data.a', '.data.b'].map((path) => ({ path, manager: '' }));
  expect(plan(found(['.data.a', '.data.b']), known({ corrections, fields }))).toMatchObject({
    conflicts: [],
    correct: [{ fought: ['.data.a'] }],
  });
  const longAgo = { '.data.a': times(correctionsAtMost, withinMs + 1) };
  expect(plan(found(['.data.a']), known({ corrections: longAgo })).correct).toHaveLength(1);
});

test('with the policy warn nothing is applied', () => {
  expect(plan(found(['.data.a']), known(), 'warn')).toMatchObject({
    correct: [],
    later: [{ afterMs: rarelyMs }],
    accepted: [entry],
  });
  const same = found([], { found: 'same', apply: object });
  expect(plan(same, known(), 'warn')).toMatchObject({ over: ['config'], quietly: [] });
  expect(plan(same, known()).quietly).toHaveLength(1);
});

test('an object that somebody else made anew is left alone', () => {
  const taken = { ...found([], { found: 'taken' }), change: 'taken' as const };
  const before = known({ change: 'taken', fields: [] });
  expect(plan(taken, before)).toMatchObject({ conflicts: [{ key: 'config' }], correct: [], accepted: [] });
});

test('what is left as it is, is looked at soon when it is changed once more, else rarely', () => {
  const at = { state: 'conflict', change: 'changed', look_at: new Date(now + rarelyMs) } as const;
  expect(dueAt(at, 'correct', false)).toBe(now + rarelyMs);
  expect(dueAt(at, 'correct', true)).toBe(now + soonMs);
  expect(dueAt({ ...at, state: 'detected' }, 'correct', true)).toBe(now + rarelyMs);
  expect(dueAt({ ...at, state: 'detected' }, 'warn', true)).toBe(now + soonMs);
});

test('what the cluster would not have is not applied; why is said', () => {
  const refused = found([], { refused: 'a field is immutable' });
  const before = known({ fields: [] });
  expect(plan(refused, before)).toMatchObject({
    correct: [],
    conflicts: [],
    later: [{ message: 'a field is immutable', afterMs: rarelyMs }],
  });
});
