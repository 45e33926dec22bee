import { testConfig } from '../../tools/vitest.ts';

process.env['LOG_LEVEL'] ??= 'silent'; // failures are expected in many tests

const { test, ...rest } = testConfig('postgres', 'nats', 'kubernetes');

// Much of their time they wait for what a cluster does.
export default { ...rest, test: { ...test, maxWorkers: 3 } };
