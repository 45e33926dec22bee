import { testConfig } from '../../tools/vitest.ts';

const { test, ...rest } = testConfig('postgres', 'nats');

// Six services in one process talk a lot; what a failing test's platform said is still shown.
export default { ...rest, test: { ...test, silent: 'passed-only', env: { LOG_LEVEL: 'silent' } } };
