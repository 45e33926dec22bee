import { create } from '@bufbuild/protobuf';
import { BadRequestSchema, ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { expectError } from '../src/expect-error.ts';

const refused = () =>
  Promise.reject(
    new ConnectError('no such cluster', Code.NotFound, undefined, [
      {
        desc: ErrorInfoSchema,
        value: create(ErrorInfoSchema, { reason: 'CLUSTER_NOT_FOUND', metadata: { id: 'x' } }),
      },
      { desc: BadRequestSchema, value: { fieldViolations: [{ field: 'id', description: 'unknown' }] } },
    ]),
  );

test('the expected error is returned with its details', async () => {
  expect(await expectError(refused(), Code.NotFound, 'CLUSTER_NOT_FOUND')).toEqual({
    code: Code.NotFound,
    message: 'no such cluster',
    reason: 'CLUSTER_NOT_FOUND',
    metadata: { id: 'x' },
    fields: [{ field: 'id', description: 'unknown' }],
  });
});

test('another code, another reason and no error at all fail the test', async () => {
  await expect(expectError(refused(), Code.Internal)).rejects.toThrow('but got NotFound CLUSTER_NOT_FOUND');
  await expect(expectError(refused(), Code.NotFound, 'OTHER')).rejects.toThrow('expected NotFound OTHER');
  await expect(expectError(Promise.resolve({ n: 1n }), Code.NotFound)).rejects.toThrow(
    'succeeded: {"n":"1"}',
  );
});
