import { expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

test('dead letters are for operators and services', async () => {
  const service = catalog.asService('gateway').deadLetters;
  expect(await service.listDeadLetters({})).toMatchObject({ deadLetters: [], nextPageToken: '' });
  await expectError(
    service.replayDeadLetter({ eventId: 'evt_none' }),
    Code.NotFound,
    'DEAD_LETTER_NOT_FOUND',
  );
  const owner = catalog.as('owner').deadLetters;
  await expectError(owner.listDeadLetters({}), Code.PermissionDenied, 'PERMISSION_DENIED');
});
