import { getOption, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { mayRole, type Caller, type UserCaller } from '@cnap/auth';
import { DomainError, notFound } from '@cnap/errors';
import * as options from '@cnap/proto/cnap/options/v1/options';

/** Who may call a method, as its descriptor says. */
export type AccessRule =
  | { access: 'public' | 'signed-in' | 'service' | 'operator' }
  | { access: 'permission'; permission: string };

const accessNames = new Map<options.Access, 'public' | 'signed-in' | 'service' | 'operator'>([
  [options.Access.PUBLIC, 'public'],
  [options.Access.SIGNED_IN, 'signed-in'],
  [options.Access.SERVICE, 'service'],
  [options.Access.OPERATOR, 'operator'],
]);

const rules = new WeakMap<DescMethod, AccessRule | undefined>();

/** The rule of a method; undefined when its descriptor has none, or two that contradict each other. */
export function accessRuleOf(method: DescMethod): AccessRule | undefined {
  // Options are parsed anew each time that they are asked for.
  if (!rules.has(method)) rules.set(method, readAccessRule(method));
  return rules.get(method);
}

function readAccessRule(method: DescMethod): AccessRule | undefined {
  const permission = getOption(method, options.permission);
  const access = accessNames.get(getOption(method, options.access));
  if (permission !== '' && access !== undefined) return undefined;
  if (permission !== '') return { access: 'permission', permission };
  return access === undefined ? undefined : { access };
}

/** Whether a method is out of reach of the public port. */
export const isInternal = (method: DescMethod): boolean =>
  getOption(method, options.exposure) === options.Exposure.INTERNAL;

/** Whether a method changes nothing. */
export const isReadOnly = (method: DescMethod): boolean =>
  method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;

/** The methods that say neither a permission nor an access, or both, as `package.Service/Method`. */
export function methodsWithoutRule(services: readonly DescService[]): string[] {
  return services
    .flatMap((service) => service.methods)
    .filter((method) => accessRuleOf(method) === undefined)
    .map((method) => `${method.parent.typeName}/${method.name}`);
}

/**
 * Lets the caller pass or throws: unauthenticated SIGN_IN_REQUIRED, permission-denied (PERMISSION_DENIED,
 * WORKSPACE_REQUIRED, READ_ONLY_CREDENTIAL), not-found WORKSPACE_NOT_FOUND for who is not a member.
 */
export function authorize(method: DescMethod, caller: Caller): void {
  const rule = accessRuleOf(method);
  if (rule === undefined) throw denied(method, 'Nobody may call this method.');
  if (caller.kind === 'user' && caller.readOnly && !isReadOnly(method)) {
    throw new DomainError('permission-denied', 'READ_ONLY_CREDENTIAL', 'This token may only read.', {
      suggestion: 'Use a token that is not restricted to reading.',
    });
  }
  switch (rule.access) {
    case 'public':
      return;
    case 'signed-in':
      signedIn(method, caller);
      return;
    case 'service':
      if (caller.kind === 'service') return;
      if (caller.kind === 'anonymous') throw signInRequired();
      throw denied(method, 'Only services of the platform may call this method.');
    case 'operator':
      if (caller.kind === 'service' || (caller.kind === 'user' && caller.operator)) return;
      if (caller.kind === 'anonymous') throw signInRequired();
      throw denied(method, 'Only operators of the platform may call this method.');
    case 'permission':
      holdsPermission(method, signedIn(method, caller), rule.permission);
  }
}

function signedIn(method: DescMethod, caller: Caller): UserCaller {
  if (caller.kind === 'user') return caller;
  if (caller.kind === 'anonymous') throw signInRequired();
  throw denied(method, `This method is for people; the service ${caller.service} has no workspace.`);
}

function holdsPermission(method: DescMethod, caller: UserCaller, permission: string): void {
  if (caller.workspaceId === undefined) throw workspaceRequired();
  if (caller.role === undefined) throw notFound('workspace', caller.workspaceId);
  if (mayRole(caller.role, permission)) return;
  throw new DomainError(
    'permission-denied',
    'PERMISSION_DENIED',
    `The role ${caller.role} does not have the permission ${permission}.`,
    {
      metadata: { permission, role: caller.role, method: method.name },
      suggestion: 'Ask an owner or admin of the workspace.',
    },
  );
}

/** What a call without a workspace is told where it needs one. */
export const workspaceRequired = (): DomainError =>
  new DomainError(
    'permission-denied',
    'WORKSPACE_REQUIRED',
    'The call does not say which workspace it is about.',
    {
      suggestion: 'Send the header X-Workspace-Id, or use a token that is restricted to one workspace.',
    },
  );

/** What a call without a credential is told where it needs one. */
export const signInRequired = (): DomainError =>
  new DomainError('unauthenticated', 'SIGN_IN_REQUIRED', 'This call needs a credential.', {
    suggestion: 'Send the header Authorization: Bearer followed by a token.',
  });

const denied = (method: DescMethod, message: string): DomainError =>
  new DomainError('permission-denied', 'PERMISSION_DENIED', message, { metadata: { method: method.name } });
