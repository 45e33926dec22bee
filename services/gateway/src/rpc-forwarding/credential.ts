import { DomainError } from '@cnap/errors';

const maxCredentialLength = 4_096;

/**
 * The credential in a header `Authorization: Bearer …`; undefined without the header.
 * @throws DomainError unauthenticated CREDENTIAL_INVALID for anything else
 */
export function credentialOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const credential = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (credential !== undefined && credential.length <= maxCredentialLength) return credential;
  throw new DomainError(
    'unauthenticated',
    'CREDENTIAL_INVALID',
    'The header Authorization is not a bearer token.',
    { suggestion: 'Send "Authorization: Bearer <token>".' },
  );
}

/** The workspace that the header `X-Workspace-Id` names; empty without it. */
export function workspaceNamedBy(header: string | string[] | undefined): string | 'malformed' {
  if (header === undefined) return '';
  return typeof header === 'string' && /^[\w-]{0,64}$/.test(header) ? header : 'malformed';
}
