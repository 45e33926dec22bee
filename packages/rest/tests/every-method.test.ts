// Walks every public RPC and every operation that existing tools call.
import { rpcServices } from '@cnap/proto';
import { getOption } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { describe, expect, test } from 'vitest';
import {
  answerWriter,
  createRouter,
  requestWriter,
  restOperations,
  type RestProperty,
} from '../src/index.ts';
import { restMessage } from '../src/model/index.ts';
import { contract } from './contract.ts';

const operations = restOperations(rpcServices);
const publicRpcs = Object.values(rpcServices)
  .flat()
  .flatMap(({ methods }) => methods)
  .filter((rpc) => getOption(rpc, options.exposure) !== options.Exposure.INTERNAL);

test('every public method is reachable over REST, but those that stream both ways', () => {
  const reachable = new Set(operations.map(({ rpc }) => rpc));
  const missing = publicRpcs.filter((rpc) => !reachable.has(rpc) && rpc.methodKind !== 'bidi_streaming');
  expect(missing.map(String)).toEqual([]);
  expect(operations.length).toBeGreaterThan(60);
});

test('no two operations have one method and path, or one id', () => {
  expect(() => createRouter(operations)).not.toThrow();
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});

describe.each(operations.map((operation) => ({ name: `${operation.method} ${operation.path}`, operation })))(
  '$name',
  ({ operation }) => {
    test('compiles', () => {
      expect(() => requestWriter(operation)).not.toThrow();
      if (operation.stream === undefined) expect(() => answerWriter(operation)).not.toThrow();
    });

    test('has a path as all have', () => {
      expect(operation.path).toMatch(/^\/v1(\/([a-z_]+|\{[a-z_]+\}))+$/);
      expect(operation.readOnly || operation.method !== 'GET' || operation.id === 'createKubeconfig').toBe(
        true,
      );
    });

    test('has names as all have, in the request and in the answer', () => {
      const names = (properties: readonly RestProperty[]): string[] =>
        properties.flatMap((property) => [
          property.name,
          ...(property.kind === 'group' ? names(property.properties) : []),
        ]);
      for (const message of [operation.rpc.input, operation.rpc.output]) {
        for (const name of names(restMessage(message).properties)) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      }
    });
  },
);

test.each(contract)('%s %s of the contract is there', (method, path, status, query) => {
  const operation = operations.find((one) => one.method === method && one.path === path);
  expect(operation).toBeDefined();
  expect(operation?.status).toBe(status);
  expect(operation?.queryParameters.map(({ name }) => name)).toEqual(expect.arrayContaining(query));
});

test('the contract is all there is of it', () => {
  expect(contract).toHaveLength(34);
});
