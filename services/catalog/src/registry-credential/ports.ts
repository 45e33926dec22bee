/** A token that ends to work. */
export type ShortLivedToken = { token: string; expireTime: Date };

/** Where OAuth clients get their tokens. */
export type TokenSource = {
  /**
   * A token that works for a while yet.
   * @throws DomainError failed-precondition REGISTRY_SIGN_IN_FAILED when the client is refused; unavailable
   */
  token(
    client: { credentialId: string; tokenUrl: string; clientId: string; clientSecret: string },
    signal: AbortSignal,
  ): Promise<ShortLivedToken>;
};
