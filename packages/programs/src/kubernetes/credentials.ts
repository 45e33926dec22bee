import { generateKeyPairSync } from 'node:crypto';

/** The key pair with which the API server signs service account tokens, as PEM. */
export function serviceAccountKeys(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** A kubeconfig as JSON, which every reader of YAML reads. */
export function kubeconfigText(server: string, certificate: string, token: string): string {
  const ca = Buffer.from(certificate).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'admin' } }],
    'current-context': 'real',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
