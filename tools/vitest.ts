import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** What the tests of a package need to run; it is started once for the whole run (packages/test-servers). */
export type TestServer = 'postgres' | 'nats' | 'kubernetes'; // the last only where KUBEBUILDER_ASSETS says so

const globalSetup = fileURLToPath(new URL('../packages/test-servers/src/global-setup.ts', import.meta.url));

/** The one configuration of all packages: `export default testConfig('postgres', 'nats')`. */
export function testConfig(...servers: TestServer[]): ViteUserConfig {
  process.env['CNAP_TEST_SERVERS'] = servers.join(',');
  return defineConfig({
    test: {
      include: ['src/**/*.test.ts', 'tests/**/*.test.ts', '*.test.ts'],
      globalSetup: servers.length > 0 ? [globalSetup] : [],
      pool: 'forks',
      maxWorkers: 2,
      // A worker goes on with the next file, with everything imported and compiled: half the work of a file that starts
      // the platform. So a test file leaves nothing behind in its process: no environment, no listeners, no servers.
      isolate: false,
      // Every file imports most of the platform: transformed once, not once per file.
      fsModuleCache: true,
      // Generous, so that a busy machine fails no test: waits end by conditions, these are the last resort.
      testTimeout: 300_000,
      hookTimeout: 300_000,
      teardownTimeout: 30_000,
      reporters: ['default', 'json'],
      outputFile: { json: '.turbo/tests.json' }, // read by the summary of `npm test`, cached by turbo
    },
  });
}
