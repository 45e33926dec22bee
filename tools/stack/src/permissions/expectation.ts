// Who gets past the door of a method, as its options say. The one place where that is worked out beside the services
// themselves; the test calls every method as everybody and compares.
import { isInternal, isReadOnly, type AccessRule, accessRuleOf } from '@cnap/rpc';
import { mayRole, type Role } from '@cnap/auth';
import type { DescMethod } from '@bufbuild/protobuf';

/** Everybody who may stand before the public port, naming a workspace that is not the stranger's. */
export const callers = [
  'anonymous',
  'stranger',
  'viewer',
  'member',
  'admin',
  'owner',
  'read-only token',
  'token of another workspace',
  'expired token',
  'revoked token',
  'other audience',
] as const;
export type CallerKind = (typeof callers)[number];

/**
 * - allowed: past the door
 * - own: past the door, to what is the caller's own; a restriction of the token to a workspace still holds
 * - hidden: the workspace does not exist (NOT_FOUND; over REST 403, or 404 where the path names it)
 * - denied: PERMISSION_DENIED
 * - unauthenticated: UNAUTHENTICATED
 * - absent: the public port has no such method
 */
export type Outcome = 'allowed' | 'own' | 'hidden' | 'denied' | 'unauthenticated' | 'absent';

type Facts = { rule: AccessRule; internal: boolean; readOnly: boolean };

/** What the options of a method say. @throws Error when they say nothing */
export function factsOf(method: DescMethod): Facts {
  const rule = accessRuleOf(method);
  if (rule === undefined)
    throw new Error(`${method.parent.typeName}/${method.name} says not who may call it`);
  return { rule, internal: isInternal(method), readOnly: isReadOnly(method) };
}

const roleOf: Partial<Record<CallerKind, Role>> = {
  viewer: 'viewer',
  member: 'member',
  admin: 'admin',
  owner: 'owner',
  'read-only token': 'owner',
};

/** What happens to a call. */
export function expectationOf({ rule, internal, readOnly }: Facts, caller: CallerKind): Outcome {
  if (internal || rule.access === 'service' || rule.access === 'operator') return 'absent';
  // What a wrong credential asks for does not matter.
  if (caller === 'expired token' || caller === 'revoked token' || caller === 'other audience')
    return 'unauthenticated';
  if (caller === 'read-only token' && !readOnly) return 'denied';
  if (rule.access === 'public') return 'allowed';
  if (caller === 'anonymous') return 'unauthenticated';
  if (rule.access !== 'permission') return caller === 'token of another workspace' ? 'own' : 'allowed';
  const role = roleOf[caller];
  if (role === undefined) return 'hidden';
  return mayRole(role, rule.permission) ? 'allowed' : 'denied';
}
