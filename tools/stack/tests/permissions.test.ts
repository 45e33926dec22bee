// Every RPC and every REST operation, called through the public port by everybody who may stand there: what happens is
// what the protos say (docs/permissions.md). A new method is tested by being there.
import { toJsonString, type DescMethod } from '@bufbuild/protobuf';
import { createServiceIdentity } from '@cnap/auth';
import { rpcServices, type ServiceName } from '@cnap/proto';
import { restOperations } from '@cnap/rest';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  callers,
  expectationOf,
  factsOf,
  type CallerKind,
  type Outcome,
} from '../src/permissions/expectation.ts';
import { callRest, callRpc, type Answer } from '../src/fuzz/answer.ts';
import { callersOf } from './door/callers.ts';
import { restRequestOf } from '../src/fuzz/rest-requests.ts';
import { startPlatform, type Platform } from './platform.ts';
import { requestOf } from '../src/fuzz/requests.ts';

let platform: Platform;
let known: Awaited<ReturnType<typeof callersOf>>;
beforeAll(async () => {
  // Every call comes from an address of its own, so that limits of one do not fall on another.
  platform = await startPlatform({ CNAP_TRUSTED_PROXIES: '127.0.0.1,::1' });
  known = await callersOf(platform);
  await eventually(async () => {
    const [users] = rpcServices.identity
      .flatMap(({ methods }) => methods)
      .filter(({ name }) => name === 'GetCurrentUser');
    if (!users) throw new Error('there is no GetCurrentUser');
    expect((await callRpc(platform.url, users, '{}', headersOf('revoked token'))).status).toBe(401);
  });
});
afterAll(() => platform[Symbol.asyncDispose]());

let calls = 0;
function headersOf(caller: CallerKind): Record<string, string> {
  const token = known.tokens[caller];
  calls += 1;
  return {
    'x-forwarded-for': `10.${(calls >> 16) & 255}.${(calls >> 8) & 255}.${calls & 255}`,
    'x-workspace-id': known.workspaceId,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

/** Something that is not there, but for the workspace. */
const idOf = (prefix: string) =>
  prefix === 'ws' ? known.workspaceId : prefix === 'src' ? '' : `${prefix}_01h455vb4pex5vsknk084sn02q`;

const methods = (Object.keys(rpcServices) as ServiceName[]).flatMap((service) =>
  rpcServices[service].flatMap((descriptor) =>
    descriptor.methods.map((method) => ({
      name: `${method.parent.typeName}/${method.name}`,
      service,
      method,
    })),
  ),
);
const operations = restOperations(rpcServices).map((operation) => ({
  name: `${operation.method} ${operation.path}`,
  operation,
}));

const bodyOf = (method: DescMethod) => toJsonString(method.input, requestOf(method.input, idOf));

/** What an answer says about the door; `allowed` is everything that got past it. */
function outcomeOf({ status, code, reason, text }: Answer): Outcome {
  expect(['internal', 'unknown'], text).not.toContain(code);
  if (code === 'unauthenticated') return 'unauthenticated';
  if (code === 'unimplemented' || (code === '' && status === 404)) return 'absent';
  if (reason === 'WORKSPACE_NOT_FOUND') return 'hidden';
  if (reason === 'PERMISSION_DENIED' || reason === 'READ_ONLY_CREDENTIAL') return 'denied';
  return 'allowed';
}

/** Compares what everybody got; returns the two columns that must be equal. */
async function compare(
  method: DescMethod,
  call: (caller: CallerKind) => Promise<Answer>,
): Promise<{ got: object; expected: object }> {
  const facts = factsOf(method);
  const rows = await Promise.all(
    callers.map(async (caller) => {
      const expected = expectationOf(facts, caller);
      const answer = await call(caller);
      const got = outcomeOf(answer);
      if (expected === 'own') {
        // A person's tokens say which workspace they are for; nothing else of another workspace is answered.
        if (answer.code === '' && !method.name.endsWith('Tokens'))
          expect(answer.text).not.toContain(known.workspaceId);
        return [caller, expected, got === 'unauthenticated' ? got : expected] as const;
      }
      const isOwn = facts.rule.access === 'signed-in' && expected === 'allowed' && got === 'hidden';
      return [caller, expected, isOwn ? 'allowed' : got] as const;
    }),
  );
  return {
    got: Object.fromEntries(rows.map(([caller, , got]) => [caller, got])),
    expected: Object.fromEntries(rows.map(([caller, expected]) => [caller, expected])),
  };
}

test('there are methods and operations to call', () => {
  expect(methods.length).toBeGreaterThan(80);
  expect(operations.length).toBeGreaterThan(60);
});

describe('RPC', () => {
  test.each(methods)('$name', async ({ method }) => {
    const body = bodyOf(method);
    const { got, expected } = await compare(method, (caller) =>
      callRpc(platform.url, method, body, headersOf(caller)),
    );
    expect(got).toEqual(expected);
  });
});

describe('REST', () => {
  test.each(operations)('$name', async ({ operation }) => {
    const { path, query, body } = restRequestOf(operation, idOf, known.workspaceId);
    const { got, expected } = await compare(operation.rpc, (caller) =>
      callRest(`${platform.url}${path}?${query}`, {
        method: operation.method,
        headers: {
          ...headersOf(caller),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    expect(got).toEqual(expected);
  });
});

test('services take tokens that are meant for them, and no others', async () => {
  const { kept } = platform;
  const admin = createServiceIdentity({ service: 'admin', privateKey: kept.keys.admin.privateKey });
  for (const { name, method, service } of methods) {
    const other = service === 'billing' ? 'catalog' : 'billing';
    const wrong = [await admin.token(other), known.tokens.owner ?? '', 'nonsense', 'a.b.c'];
    for (const token of wrong) {
      const answer = await callRpc(`http://127.0.0.1:${kept.ports[service]}`, method, bodyOf(method), {
        authorization: `Bearer ${token}`,
      });
      expect([name, answer.code]).toEqual([name, 'unauthenticated']);
    }
  }
});
