import { newId } from '@cnap/ids';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstResult } from '../src/index.ts';
import { startThings, type Things } from './things.ts';

let things: Things;
beforeAll(async () => {
  things = await startThings();
});
afterAll(() => things[Symbol.asyncDispose]());

type Made = { id: string };
const workspaceId = newId('ws');

/** Creates a thing the way a handler does. */
const create = (
  requestId: string | undefined,
  fingerprint = 'same',
  workspace = workspaceId,
): Promise<Made> =>
  things.db.inWorkspace(workspace, (tx) =>
    firstResult<Made>(
      tx,
      {
        workspaceId: workspace,
        method: 'Things/CreateThing',
        requestId,
        fingerprint,
        encode: (made) => new TextEncoder().encode(JSON.stringify(made)),
        decode: (stored) => JSON.parse(new TextDecoder().decode(stored)) as Made,
      },
      async () => {
        const id = newId('prd');
        await tx.insertInto('thing').values({ id, workspace_id: workspace, name: id }).execute();
        return { id };
      },
    ),
  );

const count = async (): Promise<number> =>
  (await things.db.inWorkspace(workspaceId, (tx) => tx.selectFrom('thing').select('id').execute())).length;

test('the same request twice, or many times at once, is one thing', async () => {
  const before = await count();
  const made = await Promise.all(Array.from({ length: 25 }, () => create('r1')));
  made.push(await create('r1'));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(await count()).toBe(before + 1);
});

test('without a request id every request makes one', async () => {
  expect((await create(undefined)).id).not.toBe((await create(undefined)).id);
  expect((await create('')).id).not.toBe((await create('')).id);
});

test('the same id with another request is refused', async () => {
  await create('r2');
  await expect(create('r2', 'other')).rejects.toMatchObject({
    kind: 'invalid-argument',
    reason: 'REQUEST_ID_REUSED',
  });
});

test('ids of different workspaces have nothing to do with each other', async () => {
  expect((await create('r3')).id).not.toBe((await create('r3', 'same', newId('ws'))).id);
});

test('a request that failed can be sent again under its id', async () => {
  const failing = things.db.inWorkspace(workspaceId, (tx) =>
    firstResult<Made>(
      tx,
      {
        workspaceId,
        method: 'Things/CreateThing',
        requestId: 'r4',
        fingerprint: 'same',
        encode: () => new Uint8Array(),
        decode: () => ({ id: '' }),
      },
      () => Promise.reject(new Error('no')),
    ),
  );
  await expect(failing).rejects.toThrow('no');
  expect((await create('r4')).id).toMatch(/^prd_/);
});

test('after 7 days an id is forgotten, and old results go away', async () => {
  const [first] = [await create('r5'), await create('r6')];
  const admin = new Client({ connectionString: things.adminUrl });
  await admin.connect();
  await admin.query(
    `update shop.request_result set create_time = now() - interval '8 days' where request_id in ('r5', 'r6')`,
  );
  expect((await create('r5')).id).not.toBe(first.id);
  const { rows } = await admin.query<{ request_id: string }>(
    `select request_id from shop.request_result where request_id in ('r5', 'r6')`,
  );
  await admin.end();
  expect(rows).toEqual([{ request_id: 'r5' }]);
});
