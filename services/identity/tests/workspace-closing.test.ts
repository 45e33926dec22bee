// A workspace is deleted, or nothing has changed, whatever fails or comes late on the way.
import { Code } from '@connectrpc/connect';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestIdentity, type Person, type TestIdentity } from './test-identity.ts';

/** Called after each call to another service; a test puts a crash or a pause here. */
let afterCall: (name: string) => Promise<void> | void = () => undefined;
const hooks = { afterExternalCall: (name: string) => afterCall(name) };

let identity: TestIdentity;
let impatient: TestIdentity;
beforeAll(async () => {
  identity = await startTestIdentity(hooks);
  impatient = await startTestIdentity({ ...hooks, closingPatienceMs: 0 });
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
});
beforeEach(() => {
  afterCall = () => undefined;
});

const remove = (at: TestIdentity, person: Person) =>
  at.as(person).workspaces.deleteWorkspace({ id: person.workspaceId });
const isThere = async (at: TestIdentity, person: Person) =>
  (await at.as(person).workspaces.getWorkspace({ id: person.workspaceId })).workspace?.id ===
  person.workspaceId;
const askedOf = (at: TestIdentity, { workspaceId }: Person) =>
  at.peers.asked.filter((one) => one.workspaceId === workspaceId);
const countOf = (at: TestIdentity, person: Person, what: 'close' | 'reopen') =>
  askedOf(at, person).filter(({ asked }) => asked === what).length;
const noClosings = (at: TestIdentity, { workspaceId }: Person) =>
  eventually(async () =>
    expect(
      await at.sql('select id from identity.workspace_closings where workspace_id = $1', [workspaceId]),
    ).toEqual([]),
  );

test('what is in use opens again before the answer, and is deleted once it is empty', async () => {
  const ada = await identity.aPerson('Ada');
  identity.peers.installs.set(ada.workspaceId, 1);
  const error = await expectError(remove(identity, ada), Code.FailedPrecondition, 'WORKSPACE_IN_USE');
  expect(error.message).toContain('still has 1 install.');
  const [first] = askedOf(identity, ada);
  expect(countOf(identity, ada, 'close')).toBe(2);
  expect(countOf(identity, ada, 'reopen')).toBeGreaterThanOrEqual(2);
  expect(askedOf(identity, ada).every(({ closingId }) => closingId === first?.closingId)).toBe(true);
  await noClosings(identity, ada);

  identity.peers.installs.delete(ada.workspaceId);
  const before = askedOf(identity, ada).length;
  await remove(identity, ada);
  await expectError(isThere(identity, ada), Code.NotFound, 'WORKSPACE_NOT_FOUND');
  // It stays closed: tokens of before are good for a minute still.
  const after = askedOf(identity, ada).slice(before);
  expect(after.map(({ asked }) => asked)).toEqual(['close', 'close']);
  expect(after[0]?.closingId).not.toBe(first?.closingId);
  await noClosings(identity, ada);
});

test('when a service cannot be asked, nothing has changed', async () => {
  const bob = await identity.aPerson('Bob');
  afterCall = (name) => {
    if (name === 'installer.CloseWorkspace') throw new Error('cut off');
  };
  await expectError(remove(identity, bob), Code.Internal);
  expect(await isThere(identity, bob)).toBe(true);
  await eventually(() => expect(countOf(identity, bob, 'reopen')).toBeGreaterThanOrEqual(2));
  await noClosings(identity, bob);
});

test('what could not be told to open is told again', async () => {
  const cleo = await identity.aPerson('Cleo');
  identity.peers.clusters.set(cleo.workspaceId, 3);
  let failures = 2;
  afterCall = (name) => {
    if (name === 'clusters.ReopenWorkspace' && failures-- > 0) throw new Error('cut off');
  };
  await expectError(remove(identity, cleo), Code.FailedPrecondition, 'WORKSPACE_IN_USE');
  await noClosings(identity, cleo);
  expect(failures).toBeLessThanOrEqual(0);
  expect(countOf(identity, cleo, 'reopen')).toBeGreaterThanOrEqual(3);
});

test('a call that was frozen until others had given it up deletes nothing', async () => {
  const dan = await impatient.aPerson('Dan');
  afterCall = async (name) => {
    if (name !== 'installer.CloseWorkspace') return;
    await eventually(() => expect(countOf(impatient, dan, 'reopen')).toBeGreaterThanOrEqual(2));
  };
  await expectError(remove(impatient, dan), Code.Aborted, 'WORKSPACE_CLOSED');
  expect(await isThere(impatient, dan)).toBe(true);
  await noClosings(impatient, dan);
  const facts = await readFacts(impatient.nats);
  expect(facts.filter(({ type }) => type === 'identity.v1.workspace.deleted')).toEqual([]);
});
