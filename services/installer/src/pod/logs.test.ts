import { expect, test } from 'vitest';
import type { Engine } from '../kubernetes/port.ts';
import { linesOf } from './logs.ts';

const target = { clusterId: '', installId: '', namespace: '', releaseName: '' };
const pod = { name: 'web-0', containers: ['web'], phase: 'Running', ready: true, restarts: 0, message: '' };
const lengthsOf = async (engine: Partial<Engine>, follow: boolean): Promise<number[]> => {
  const wanted = { container: '', follow, tailLines: 0, sinceSeconds: 0 };
  const { signal } = new AbortController();
  const lengths: number[] = [];
  for await (const line of linesOf(engine as Engine, target, [pod as never], wanted, signal)) {
    lengths.push(line.length);
  }
  return lengths;
};

test('a line that does not end is passed on in pieces, not kept', async () => {
  async function* followLogs() {
    for (let i = 0; i < 5; i += 1) yield Buffer.from('x'.repeat(16_384));
    yield Buffer.from('\nshort\n');
  }
  expect(await lengthsOf({ followLogs }, true)).toEqual([32_768, 32_768, 16_384, 5]);
});

test('nor is one in a log that is read at once', async () => {
  const podLogs = () => Promise.resolve(`${'y'.repeat(40_000)}\nshort`);
  expect(await lengthsOf({ podLogs }, false)).toEqual([32_768, 40_000 - 32_768, 5]);
});
