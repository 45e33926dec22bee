import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  ConfigError,
  describeConfig,
  durationMs,
  flag,
  list,
  loadConfig,
  port,
  secretText,
  url,
} from './index.ts';

const shape = {
  CNAP_PORT: port().default(8080).describe('Where the service listens'),
  CNAP_PUBLIC_URL: url(),
  DATABASE_URL: url('postgres', 'postgresql').describe('Postgres'),
  CNAP_SECRET: secretText(16),
  CNAP_DEADLINE: durationMs().default(86_400_000),
  CNAP_FEATURE: flag().default(false),
  CNAP_OPERATORS: list().default([]),
  CNAP_LEVEL: z.enum(['debug', 'info']).default('info'),
};

const good = {
  CNAP_PUBLIC_URL: 'https://cnap.example/',
  DATABASE_URL: 'postgres://billing:hunter2@localhost/cnap',
  CNAP_SECRET: 'sixteen characters',
};

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(shape, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

test('values come typed, with defaults', () => {
  expect(
    loadConfig(shape, {
      ...good,
      CNAP_DEADLINE: '1.5h',
      CNAP_FEATURE: 'On',
      CNAP_OPERATORS: ' a@b.c, ,d@e.f',
    }),
  ).toEqual({
    CNAP_PORT: 8080,
    CNAP_PUBLIC_URL: 'https://cnap.example',
    DATABASE_URL: 'postgres://billing:hunter2@localhost/cnap',
    CNAP_SECRET: 'sixteen characters',
    CNAP_DEADLINE: 5_400_000,
    CNAP_FEATURE: true,
    CNAP_OPERATORS: ['a@b.c', 'd@e.f'],
    CNAP_LEVEL: 'info',
  });
});

test.each([
  ['500ms', 500],
  ['5s', 5_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['14d', 1_209_600_000],
])('%s is %d milliseconds', (text, expected) => {
  expect(loadConfig({ D: durationMs() }, { D: text }).D).toBe(expected);
});

test('every problem is named at once, one line each', () => {
  const problems = problemsOf({
    CNAP_PORT: '99999',
    CNAP_DEADLINE: '5',
    CNAP_FEATURE: 'maybe',
    CNAP_LEVEL: 'loud',
  });
  expect(problems.map((line) => line.split(':')[0]).toSorted()).toEqual(
    [
      'CNAP_PORT',
      'CNAP_PUBLIC_URL',
      'DATABASE_URL',
      'CNAP_SECRET',
      'CNAP_DEADLINE',
      'CNAP_FEATURE',
      'CNAP_LEVEL',
    ].toSorted(),
  );
  expect(problems).toContain('CNAP_PUBLIC_URL: is not set');
  expect(problems).toContain('CNAP_PORT: must be a port between 0 and 65535');
  expect(problems.every((line) => !line.includes('\n'))).toBe(true);
});

test('an empty variable counts as not set', () => {
  expect(loadConfig(shape, { ...good, CNAP_PORT: ' ' }).CNAP_PORT).toBe(8080);
  expect(problemsOf({ ...good, CNAP_SECRET: '' })).toEqual(['CNAP_SECRET: is not set']);
});

test('no value is shown, even by a message that quotes it', () => {
  const quoting = {
    TOKEN: z.string().refine(() => false, { error: (issue) => `cannot use ${String(issue.input)}` }),
  };
  const error = (() => {
    try {
      return loadConfig(quoting, { TOKEN: 'hunter2-canary' });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(String(error)).not.toContain('hunter2-canary');
  expect(problemsOf({ ...good, CNAP_SECRET: 'short-canary' }).join()).not.toContain('short-canary');
});

test('settings describe themselves without showing secrets', () => {
  const described = describeConfig({ ...shape, WITH_DEFAULT: secretText().default('canary') });
  expect(described.find((setting) => setting.name === 'CNAP_PORT')).toEqual({
    name: 'CNAP_PORT',
    required: false,
    secret: false,
    kind: 'port',
    description: 'Where the service listens',
    defaultValue: '8080',
  });
  expect(described.find((setting) => setting.name === 'DATABASE_URL')).toMatchObject({
    required: true,
    secret: true,
  });
  expect(JSON.stringify(described)).not.toContain('canary');
});
