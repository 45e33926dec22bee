/**
 * The session token in a credential: the token itself, or the value of the browser's cookie, where its signature
 * follows. The signature says nothing that the lookup does not. Undefined for what cannot be one.
 */
export const sessionTokenIn = (credential: string): string | undefined =>
  /^([A-Za-z0-9]{32})(?:\.[A-Za-z0-9+/_=%-]{1,100})?$/.exec(credential)?.[1];
