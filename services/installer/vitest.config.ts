import { testConfig } from '../../tools/vitest.ts';

process.env['LOG_LEVEL'] ??= 'silent'; // failures are expected in many tests

export default testConfig('postgres', 'nats', 'kubernetes');
