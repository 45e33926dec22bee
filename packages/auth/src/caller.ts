import type { Actor } from '@cnap/telemetry';

/** A role in a workspace, from the most to the least that it may do. */
export type Role = 'owner' | 'admin' | 'member' | 'viewer';
/** All roles, from the most to the least that they may do. */
export const roles: readonly Role[] = ['owner', 'admin', 'member', 'viewer'];

/** A person, through a session or a token. */
export type UserCaller = {
  kind: 'user';
  userId: string;
  email: string;
  name: string;
  /** The workspace the call is about; absent when it names none. */
  workspaceId?: string;
  /** The user's role in it; absent when the user is not a member. */
  role?: Role;
  /** The credential may only read. */
  readOnly: boolean;
  /** An operator of the platform. */
  operator: boolean;
  credentialId: string;
  address?: string;
};

/** One of the platform's own services. */
export type ServiceCaller = { kind: 'service'; service: string };
/** Somebody who has not signed in. */
export type AnonymousCaller = { kind: 'anonymous'; address?: string };

/** Who calls. */
export type Caller = UserCaller | ServiceCaller | AnonymousCaller;

/** The caller as facts and the audit log name them. */
export function actorOf(caller: Caller): Actor {
  switch (caller.kind) {
    case 'user':
      return {
        kind: 'user',
        id: caller.userId,
        credentialId: caller.credentialId,
        ...(caller.address === undefined ? {} : { address: caller.address }),
      };
    case 'service':
      return { kind: 'service', id: caller.service };
    case 'anonymous':
      return {
        kind: 'anonymous',
        id: '',
        ...(caller.address === undefined ? {} : { address: caller.address }),
      };
  }
}
