export { Code, ConnectError } from '@connectrpc/connect';
export {
  createCnapClient,
  inWorkspace,
  type CnapClient,
  type CnapClientOptions,
  type TransportParts,
} from './client.ts';
export { detailsOf, reasonOf, type ErrorDetails } from './errors.ts';
export { pages } from './pages.ts';
export { publicServices } from './services.ts';
