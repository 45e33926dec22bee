import { eventually } from '@cnap/testing';
import { expect, test } from 'vitest';
import { Supervisor, type Running } from './supervisor.ts';

type Part = Running & { readonly name: string; end(how: string): void; isDisposed: boolean };

/** Something that runs until the test ends it; `log` has what was disposed of, in order. */
function aPart(name: string, log: string[] = []): Part {
  const ended = Promise.withResolvers<string>();
  return {
    name,
    ended: ended.promise,
    end: ended.resolve,
    isDisposed: false,
    async [Symbol.asyncDispose]() {
      this.isDisposed = true;
      log.push(name);
      ended.resolve('was ended');
    },
  };
}

test('what ends by itself is started again, however often that fails', async () => {
  await using supervisor = new Supervisor();
  const started: Part[] = [];
  let failures = 0;
  const first = await supervisor.start('billing', async () => {
    if (started.length === 1 && failures < 1) {
      failures += 1;
      throw new Error('the port is still in use');
    }
    started.push(aPart('billing'));
    return started.at(-1) as Part;
  });
  first.end('was killed');
  await eventually(() => started.length === 2);
  expect(failures).toBe(1);
  expect(started[1]?.isDisposed).toBe(false);
});

test('a first start that fails is the caller’s to know', async () => {
  await using supervisor = new Supervisor();
  await expect(supervisor.start('billing', () => Promise.reject(new Error('no such port')))).rejects.toThrow(
    'no such port',
  );
});

test('at the end the services go first, then what they stand on, and nothing is started again', async () => {
  const log: string[] = [];
  let starts = 0;
  {
    await using supervisor = new Supervisor();
    for (const name of ['Postgres', 'NATS', 'billing', 'gateway']) {
      await supervisor.start(name, async () => {
        starts += 1;
        return aPart(name, log);
      });
    }
  }
  expect(log.slice(0, 2).toSorted()).toEqual(['billing', 'gateway']);
  expect(log.slice(2).toSorted()).toEqual(['NATS', 'Postgres']);
  expect(starts).toBe(4);
});
