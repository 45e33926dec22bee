import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Caller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { mayRole } from '@cnap/auth';
import { rpcServices } from '@cnap/proto';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { describe, expect, test } from 'vitest';
import { accessRuleOf, authorize, isReadOnly, methodsWithoutRule } from '../src/index.ts';
import { startTestServer, token, verifyTestCaller, wsId } from './test-server.ts';

const methods = Object.values(rpcServices).flatMap((services) =>
  services.flatMap((service) => service.methods),
);
const roles = ['owner', 'admin', 'member', 'viewer'] as const;

function outcome(method: (typeof methods)[number], caller: Caller): string {
  try {
    authorize(method, caller);
    return 'passes';
  } catch (error) {
    return error instanceof DomainError ? error.reason : String(error);
  }
}

test('every method of the platform has exactly one rule', () => {
  expect(methods.length).toBeGreaterThan(50);
  expect(methodsWithoutRule(Object.values(rpcServices).flat())).toEqual([]);
});

/** What each kind of caller meets, by the rule of the method. */
function expected(method: (typeof methods)[number]) {
  const rule = accessRuleOf(method);
  const everyRole = (result: string) => roles.map(() => result);
  const no = 'PERMISSION_DENIED';
  switch (rule?.access) {
    case 'public': {
      const callers = { anonymous: 'passes', homeless: 'passes', stranger: 'passes', service: 'passes' };
      return { ...callers, operator: 'passes', byRole: everyRole('passes') };
    }
    case 'signed-in': {
      const callers = { anonymous: 'SIGN_IN_REQUIRED', homeless: 'passes', stranger: 'passes', service: no };
      return { ...callers, operator: 'passes', byRole: everyRole('passes') };
    }
    case 'service':
    case 'operator': {
      const callers = { anonymous: 'SIGN_IN_REQUIRED', homeless: no, stranger: no, service: 'passes' };
      return { ...callers, operator: rule.access === 'operator' ? 'passes' : no, byRole: everyRole(no) };
    }
    case 'permission': {
      const callers = {
        anonymous: 'SIGN_IN_REQUIRED',
        homeless: 'WORKSPACE_REQUIRED',
        stranger: 'WORKSPACE_NOT_FOUND',
        service: no,
      };
      const byRole = roles.map((role) => (mayRole(role, rule.permission) ? 'passes' : no));
      return { ...callers, operator: 'WORKSPACE_REQUIRED', byRole };
    }
    case undefined:
      throw new Error('the method has no rule');
  }
}

describe.each(methods.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const))(
  '%s',
  (_, method) => {
    const caller = (who: string) => verifyTestCaller(who);

    test('admits whom its rule admits and tells the others why not', async () => {
      const seen = {
        anonymous: outcome(method, { kind: 'anonymous' }),
        homeless: outcome(method, await caller('homeless')),
        stranger: outcome(method, await caller('stranger')),
        service: outcome(method, await caller('service')),
        operator: outcome(method, await caller('operator')),
      };
      const byRole = await Promise.all(roles.map(async (role) => outcome(method, await caller(role))));
      expect({ ...seen, byRole }).toEqual(expected(method));
    });

    test('a read-only credential of an owner calls it only when it changes nothing', async () => {
      const wanted = isReadOnly(method) ? outcome(method, await caller('owner')) : 'READ_ONLY_CREDENTIAL';
      expect(outcome(method, await caller('reader'))).toBe(wanted);
    });
  },
);

test('the rules hold on the wire', async () => {
  await using server = await startTestServer({ deleteWorkspace: async () => ({}) });
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: server.url }),
  );
  const call = async (who: string | undefined) =>
    client
      .deleteWorkspace({ id: wsId }, { headers: who === undefined ? {} : { authorization: token(who) } })
      .then(
        () => 'passes',
        (error: unknown) => {
          const connectError = ConnectError.from(error);
          return `${Code[connectError.code]} ${connectError.findDetails(ErrorInfoSchema)[0]?.reason}`;
        },
      );
  expect(
    await Promise.all([undefined, 'owner', 'admin', 'stranger', 'homeless', 'reader', 'service'].map(call)),
  ).toEqual([
    'Unauthenticated SIGN_IN_REQUIRED',
    'passes',
    'PermissionDenied PERMISSION_DENIED',
    'NotFound WORKSPACE_NOT_FOUND',
    'PermissionDenied WORKSPACE_REQUIRED',
    'PermissionDenied READ_ONLY_CREDENTIAL',
    'PermissionDenied PERMISSION_DENIED',
  ]);
});
