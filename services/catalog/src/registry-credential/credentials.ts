// What a registry is signed in with: which members belong to which type.
import { DomainError, invalidField } from '@cnap/errors';
import type { RegistrySignIn } from '@cnap/proto/cnap/catalog/v1/registry_credential_service';
import type { RegistryCredentialRow } from '../database.ts';

type Type = RegistryCredentialRow['type'];
type Member = 'username' | 'password' | 'token' | 'client_id' | 'client_secret' | 'token_url';

/** What is stored of it. */
export type Credentials = { username: string; secret: string; tokenUrl: string; tokenUsername: string };

const members: Record<Type, { needed: Member[]; allowed: Member[] }> = {
  basic: { needed: ['username', 'password'], allowed: [] },
  token: { needed: ['token'], allowed: ['username'] },
  oauth: { needed: ['client_id', 'client_secret'], allowed: ['token_url', 'username'] },
};

/**
 * @param plain the fields that were there before `credentials`
 * @throws DomainError invalid-argument REGISTRY_CREDENTIAL_INVALID, INVALID_FIELD naming the field
 */
export function readCredentials(
  type: Type,
  given: RegistrySignIn | undefined,
  plain: { username: string; secret: string },
): Credentials {
  if (given === undefined) return readPlain(type, plain);
  if (plain.secret !== '' || plain.username !== '') {
    throw invalid('credentials', 'must not come together with username and secret');
  }
  const values: Record<Member, string | undefined> = {
    username: given.username,
    password: given.password,
    token: given.token,
    client_id: given.clientId,
    client_secret: given.clientSecret,
    token_url: given.tokenUrl,
  };
  const { needed, allowed } = members[type];
  const lost = needed.find((member) => values[member] === undefined);
  if (lost !== undefined) throw invalid(`credentials.${lost}`, `must be there for the type ${type}`);
  const extra = (Object.keys(values) as Member[]).find(
    (member) => values[member] !== undefined && !needed.includes(member) && !allowed.includes(member),
  );
  if (extra !== undefined) throw invalid(`credentials.${extra}`, `does not belong to the type ${type}`);
  const { username = '', password, token, client_id, client_secret, token_url: tokenUrl = '' } = values;
  if (tokenUrl !== '') checkTokenUrl(tokenUrl);
  return {
    username: client_id ?? username,
    secret: password ?? token ?? client_secret ?? '',
    tokenUrl,
    tokenUsername: type === 'oauth' ? username : '',
  };
}

function readPlain(type: Type, { username, secret }: { username: string; secret: string }): Credentials {
  if (secret === '') {
    const field = members[type].needed.map((member) => `credentials.${member}`);
    throw invalid(field[0] ?? 'credentials', `must be there for the type ${type}: ${field.join(', ')}`);
  }
  if (type === 'basic' && username === '') throw invalidField('username', 'must not be empty');
  return { username, secret, tokenUrl: '', tokenUsername: '' };
}

function checkTokenUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid('credentials.token_url', 'must be an http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('credentials.token_url', 'must not hold a user name or password');
  }
}

const invalid = (field: string, description: string): DomainError =>
  new DomainError('invalid-argument', 'REGISTRY_CREDENTIAL_INVALID', `${field} ${description}.`, {
    fields: [{ field, description }],
  });
