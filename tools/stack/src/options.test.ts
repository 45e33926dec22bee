import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Mistake, readOptions } from './options.ts';
import { readSaleOptions } from './sale/options.ts';

test('what npm start does without options', () => {
  expect(readOptions([], {})).toEqual({
    fresh: false,
    kubernetes: 'kubesim',
    dataDir: resolve('.cnap'),
    publicPort: 8080,
    stripe: undefined,
    databaseUrl: undefined,
    natsUrl: undefined,
    seed: true,
    routes: {},
  });
});

test('options and environment', () => {
  const env = {
    CNAP_PORT: '9000',
    CNAP_DATA: '/tmp/elsewhere',
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    DATABASE_URL: 'postgres://db',
    NATS_URL: '',
  };
  expect(readOptions(['--fresh', '--no-seed', '--kubernetes', 'real'], env)).toEqual({
    fresh: true,
    kubernetes: 'real',
    dataDir: '/tmp/elsewhere',
    publicPort: 9_000,
    stripe: { secretKey: 'sk_test_1', webhookSecret: 'whsec_1' },
    databaseUrl: 'postgres://db',
    natsUrl: undefined,
    seed: false,
    routes: {},
  });
});

test.each([
  [['--frsh'], {}, /--frsh[^]*npm start --/],
  [['extra'], {}, /extra/],
  [[], { CNAP_PORT: '0' }, /^CNAP_PORT must be a port/],
  [[], { CNAP_PORT: 'http' }, /^CNAP_PORT must be a port/],
  [[], { STRIPE_SECRET_KEY: 'sk_test_1' }, /needs STRIPE_WEBHOOK_SECRET/],
])('%j with %j is a mistake that is explained', (args, env, why) => {
  expect(() => readOptions(args, env)).toThrow(Mistake);
  expect(() => readOptions(args, env)).toThrow(why);
});

test('what npm run sale does without options', () => {
  expect(readSaleOptions([])).toMatchObject({
    count: 1,
    parallel: 1,
    productId: undefined,
    decline: false,
    json: false,
    timeoutMs: 120_000,
  });
  expect(readSaleOptions(['--count', '40', '--parallel=4', '--product', 'prd_1', '--json'])).toMatchObject({
    count: 40,
    parallel: 4,
    productId: 'prd_1',
    json: true,
  });
});

test.each(['0', '-1', '1.5', 'many', '100001'])('--count %s is a mistake', (count) => {
  expect(() => readSaleOptions([`--count=${count}`])).toThrow(/--count must be a whole number/);
});
