import { testConfig } from '../../tools/vitest.ts';

export default testConfig();
