import { createContextKey, type ConnectError, type HandlerContext } from '@connectrpc/connect';
import type { DescMethod } from '@bufbuild/protobuf';
import type { Caller, UserCaller } from '@cnap/auth';
import type { OpenSpan } from '@cnap/telemetry';
import { signInRequired, workspaceRequired } from './access.ts';

/** What the server keeps of one call from its first header to its last byte. */
export type Call = {
  readonly requestId: string;
  readonly method: DescMethod;
  readonly startedAt: number;
  readonly address: string | undefined;
  readonly span: OpenSpan;
  caller: Caller;
  protocol: string;
  /** The handler's answer began; until then a failure is one of the request. */
  invoked: boolean;
  /** What the caller was told; undefined while nothing went wrong. */
  failure: ConnectError | undefined;
};

/** Where the call is kept in the context of a handler. */
export const callKey = createContextKey<Call | undefined>(undefined, { description: 'call' });

/** The caller of an RPC. */
export const callerOf = (context: HandlerContext): Caller =>
  context.values.get(callKey)?.caller ?? { kind: 'anonymous' };

/** The id of the request, for messages that a person may report. */
export const requestIdOf = (context: HandlerContext): string => context.values.get(callKey)?.requestId ?? '';

/**
 * The user who calls.
 * @throws DomainError unauthenticated SIGN_IN_REQUIRED
 */
export function userOf(context: HandlerContext): UserCaller {
  const caller = callerOf(context);
  if (caller.kind !== 'user') throw signInRequired();
  return caller;
}

/**
 * The workspace of the call, of which the caller is a member.
 * @throws DomainError permission-denied WORKSPACE_REQUIRED
 */
export function workspaceOf(context: HandlerContext): string {
  const caller = callerOf(context);
  if (caller.kind !== 'user' || caller.workspaceId === undefined || caller.role === undefined) {
    throw workspaceRequired();
  }
  return caller.workspaceId;
}
