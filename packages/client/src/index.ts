export { Code, ConnectError } from '@connectrpc/connect';
export {
  createCnapClient,
  createServiceClient,
  inWorkspace,
  type CnapClient,
  type CnapClientOptions,
  type TransportParts,
} from './client.ts';
export {
  DeviceSignInError,
  signOut,
  startDeviceSignIn,
  type DeviceSignIn,
  type DeviceSignInOptions,
  type SignedIn,
} from './device-sign-in.ts';
export { detailsOf, reasonOf, type ErrorDetails } from './errors.ts';
export { pages } from './pages.ts';
export { publicServices } from './services.ts';
