export type { Sealed } from './blob.ts';
export { createKeyring, parseKeyring, type EncryptionKey, type Keyring } from './keyring.ts';
