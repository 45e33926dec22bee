import { expect, test } from 'vitest';
import type { ProductColumn } from '../database.ts';
import { newPasswords, publicAnswers, valuesOf, withoutSecrets } from './values.ts';

const input = (
  name: string,
  path: string,
  fill: ProductColumn['inputs'][number]['fill'],
  secret = false,
) => ({
  name,
  alias: 'app',
  path,
  fill,
  secret,
});

const product: ProductColumn = {
  clusterIds: [],
  podSecurity: 'baseline',
  ownerLogsOff: false,
  retainVolumesDays: 0,
  outputs: [],
  values: { app: { tier: 'gold', page: { colour: 'red' } }, other: { kept: true } },
  inputs: [
    input('title', 'page.title', 'buyer'),
    input('key', 'auth.key', 'buyer', true),
    input('admin', 'auth.password', 'password'),
    input('seats', 'seats', 'seats'),
    input('host', 'ingress.host', 'host'),
  ],
};
const facts = { installId: 'ins_1', namespace: 'cnap-1', host: 'one.example.com' };

test('inputs land at their paths, beside what the product fixes', () => {
  const sealed = { answers: { title: 'Hi', key: 'k' }, quantity: 3, passwords: { admin: 'made once' } };
  expect(valuesOf(product, sealed, facts)).toEqual({
    app: {
      tier: 'gold',
      page: { colour: 'red', title: 'Hi' },
      auth: { key: 'k', password: 'made once' },
      seats: 3,
      ingress: { host: 'one.example.com' },
    },
    other: { kept: true },
  });
  expect(product.values['app']).toEqual({ tier: 'gold', page: { colour: 'red' } });
});

test('an input that was not answered leaves the chart its default', () => {
  const values = valuesOf(product, { answers: {}, quantity: 1, passwords: {} }, facts);
  expect(values['app']).not.toHaveProperty('page.title');
});

test('a path cannot reach a prototype', () => {
  const evil = { ...product, values: {}, inputs: [input('x', '__proto__.polluted', 'buyer')] };
  valuesOf(evil, { answers: { x: 'yes' }, quantity: 1, passwords: {} }, facts);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('secret answers are not public; passwords are made for the inputs that want one', () => {
  expect(publicAnswers(product, { title: 'Hi', key: 'k' })).toEqual({ title: 'Hi' });
  expect(Object.keys(newPasswords(product))).toEqual(['admin']);
});

test('a chart’s notes keep no secret answer and no password', () => {
  const sealed = {
    answers: { title: 'Hi', key: 'k-secret' },
    quantity: 1,
    passwords: { admin: 'made once' },
  };
  expect(withoutSecrets('Hi: sign in with made once and k-secret.', product, sealed)).toBe(
    'Hi: sign in with •••• and ••••.',
  );
});
