import type { Config } from '../config.ts';

/** A provider that the sign-in page offers. */
export type Provider = { id: string; name: string };

type Client = { clientId: string; clientSecret: string };

const client = (clientId: string | undefined, clientSecret: string | undefined): Client | undefined =>
  clientId && clientSecret ? { clientId, clientSecret } : undefined;

/** The providers that the configuration has a client for. */
export function providersOf(config: Config) {
  const github = client(config.CNAP_GITHUB_CLIENT_ID, config.CNAP_GITHUB_CLIENT_SECRET);
  const google = client(config.CNAP_GOOGLE_CLIENT_ID, config.CNAP_GOOGLE_CLIENT_SECRET);
  const microsoft = client(config.CNAP_MICROSOFT_CLIENT_ID, config.CNAP_MICROSOFT_CLIENT_SECRET);
  const oidc = client(config.CNAP_OIDC_CLIENT_ID, config.CNAP_OIDC_CLIENT_SECRET);
  const issuer = config.CNAP_OIDC_ISSUER;
  const social = {
    ...(github && { github }),
    ...(google && { google }),
    ...(microsoft && { microsoft: { ...microsoft, tenantId: config.CNAP_MICROSOFT_TENANT } }),
  };
  const generic =
    oidc && issuer
      ? [
          {
            ...oidc,
            providerId: 'oidc',
            discoveryUrl: `${issuer}/.well-known/openid-configuration`,
            requireIdTokenVerification: true,
            scopes: ['openid', 'email', 'profile'],
            pkce: true,
          },
        ]
      : [];
  const offered: Provider[] = [
    ...(github ? [{ id: 'github', name: 'GitHub' }] : []),
    ...(google ? [{ id: 'google', name: 'Google' }] : []),
    ...(microsoft ? [{ id: 'microsoft', name: 'Microsoft' }] : []),
    ...(generic.length > 0 ? [{ id: 'oidc', name: config.CNAP_OIDC_NAME }] : []),
  ];
  return { social, generic, offered };
}

/** Browsers bind passkeys to a name: under an address there are none. */
export const passkeysWork = (publicUrl: string): boolean =>
  !/^(\[|\d+(\.\d+){3}$)/.test(new URL(publicUrl).hostname);
