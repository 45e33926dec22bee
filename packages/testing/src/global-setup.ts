export { setup, teardown } from '@cnap/test-servers/global-setup';
