import { randomBytes } from 'node:crypto';

/** The superuser's URL of the test run's Postgres. */
export function testAdminUrl(): string {
  return addressFrom('CNAP_TEST_DATABASE_URL', 'postgres');
}

export interface TestNats {
  url: string;
  /** Differs at each call, so that test files share a server without seeing each other's messages. */
  subjectPrefix: string;
}

/** The test run's NATS server, with JetStream. */
export function testNats(): TestNats {
  return {
    url: addressFrom('CNAP_TEST_NATS_URL', 'nats'),
    subjectPrefix: `t${randomBytes(6).toString('hex')}`,
  };
}

function addressFrom(variable: string, server: string): string {
  const url = process.env[variable];
  if (url) return url;
  throw new Error(
    `no test server: the package's vitest.config.ts must say testConfig('${server}'), or set ${variable}`,
  );
}
