export {
  actorOf,
  roles,
  type AnonymousCaller,
  type Caller,
  type Role,
  type ServiceCaller,
  type UserCaller,
} from './caller.ts';
export {
  generateKeys,
  parseServiceKeys,
  privateKeyOf,
  publicJwk,
  publicKeyOf,
  type PrivateKeyInput,
  type PublicKeyInput,
} from './keys.ts';
export { mayRole, permissions, type Permission } from './permissions.ts';
export {
  createCallerSigner,
  createServiceIdentity,
  type CallerSigner,
  type ServiceIdentity,
} from './sign.ts';
export { createCallerVerifier, type CallerVerifier, type CallerVerifierOptions } from './verify.ts';
