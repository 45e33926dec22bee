import { randomBytes } from 'node:crypto';
import { generateKeys } from '@cnap/auth';
import { programs, serviceNames } from './layout.ts';

const password = () => randomBytes(24).toString('base64url');

/** Everything secret that a deployment's `.env` needs and nobody else hands out, new each time. */
export function makeKeys(now = new Date()): Record<string, string> {
  const pairs = [...programs, 'admin'].map((name) => [name, generateKeys()] as const);
  const publicKeys = Object.fromEntries(pairs.map(([name, { publicKey }]) => [name, publicKey]));
  return {
    POSTGRES_PASSWORD: password(),
    ...Object.fromEntries(serviceNames.map((name) => [`CNAP_${name.toUpperCase()}_PASSWORD`, password()])),
    CNAP_KEYS: `${now.toISOString().slice(0, 10)}:${randomBytes(32).toString('base64')}`,
    CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    ...Object.fromEntries(
      pairs.map(([name, { privateKey }]) => [`CNAP_${name.toUpperCase()}_PRIVATE_KEY`, privateKey]),
    ),
    STRIPE_WEBHOOK_SECRET: `whsec_${password()}`,
  };
}
