/** One call: with which credential, in which workspace, from where. */
export type Call = { credential: string; workspaceId: string; address: string };

/** What a credential is worth for a call. */
export type Resolved = {
  /** The signed caller token. */
  token: string;
  /** When it stops being valid, in milliseconds since 1970. */
  expiresAt: number;
  userId: string;
  credentialId: string;
  workspaceId: string;
};

/**
 * Resolves a caller.
 * @throws DomainError unauthenticated CREDENTIAL_INVALID; unavailable when it cannot be found out
 */
export type ResolveCaller = (call: Call) => Promise<Resolved>;

/** Whom a fact is about: calls with that credential, of that user, or in that workspace. */
export type Revoked = { credentialId: string } | { userId: string } | { workspaceId: string } | 'everything';
