import { expect, test } from 'vitest';
import { externalCalls, throughCalls } from '../src/index.ts';

const port = {
  made: 0,
  create(name: string) {
    this.made += 1;
    return Promise.resolve(`${name} ${this.made}`);
  },
  read: () => 'as it was',
};

test('named methods go through, with the name of their system; the others do not', async () => {
  const names: string[] = [];
  const call = externalCalls({ afterExternalCall: (name) => void names.push(name) });
  const wrapped = throughCalls({ ...port }, 'stripe', ['create'], call);
  expect(await wrapped.create('price')).toBe('price 1');
  expect(wrapped.read()).toBe('as it was');
  expect(names).toEqual(['stripe.create']);
});

test('a crash after a call is one after its effect', async () => {
  let effects = 0;
  const call = externalCalls({
    afterExternalCall: () => {
      throw new Error('crash');
    },
  });
  await expect(call('a.b', async () => (effects += 1))).rejects.toThrow('crash');
  expect(effects).toBe(1);
});

test('every call is made twice on request, and the second answer counts', async () => {
  let effects = 0;
  const call = externalCalls({ repeatExternalCalls: true });
  expect(await call('a.b', async () => (effects += 1))).toBe(2);
});
