import { expect, test } from 'vitest';
import type { LogOptions, PodInfo } from '../kubernetes/pod-info.ts';
import type { Engine } from '../kubernetes/port.ts';
import { followedLines, linesOf } from './logs.ts';

const target = { clusterId: '', installId: '', namespace: '', releaseName: '' };
const wanted = { container: '', tailLines: 5, sinceSeconds: 0 };
const pod = (name: string, restarts = 0): PodInfo => ({
  name,
  containers: ['web'],
  phase: 'Running',
  ready: true,
  restarts,
  restartsOf: { web: restarts },
  message: '',
  createTime: new Date(0),
});
const { signal } = new AbortController();
type Follow = (options: LogOptions) => AsyncGenerator<Uint8Array>;
const engineOf = (follow: Follow) =>
  ({ followLogs: (_: unknown, options: LogOptions) => follow(options) }) as unknown as Engine;
const collect = async (lines: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
};
/** Follows the first pods, then looks as often as there are answers. */
const follow = (how: Follow, first: PodInfo[], ...looks: PodInfo[][]) => {
  const look = () => Promise.resolve(looks.shift());
  return collect(followedLines(engineOf(how), target, first, wanted, signal, look, 1));
};

test('a line that does not end is passed on in pieces, not kept', async () => {
  const lines = await follow(
    async function* () {
      for (let i = 0; i < 5; i += 1) yield Buffer.from('x'.repeat(16_384));
      yield Buffer.from('\nshort\n');
    },
    [pod('web-0')],
  );
  expect(lines.map(({ length }) => length)).toEqual([32_768, 32_768, 16_384, 5]);
});

test('nor is one in a log that is read at once', async () => {
  const podLogs = () => Promise.resolve(`${'y'.repeat(40_000)}\nshort`);
  const engine = { podLogs } as unknown as Engine;
  const lines = await collect(linesOf(engine, target, [pod('web-0')], wanted, signal));
  expect(lines.map(({ length }) => length)).toEqual([32_768, 40_000 - 32_768, 5]);
});

test('pods and runs that come later are followed from their beginning, each once', async () => {
  const asked: string[] = [];
  const lines = await follow(
    async function* (options) {
      asked.push(`${options.pod} ${options.tailLines}`);
      yield Buffer.from(`${options.pod} ${asked.length}\n`);
    },
    [pod('a')],
    [pod('a'), pod('b')],
    [pod('a', 1), pod('b')],
    [pod('a', 1), pod('b')],
  );
  expect(asked).toEqual(['a 5', 'b undefined', 'a undefined']);
  expect(lines).toEqual(['a 1', 'b 2', 'a 3']);
});

test('a log that breaks off goes on where it was', async () => {
  const asked: LogOptions[] = [];
  const lines = await follow(
    async function* (options) {
      asked.push(options);
      yield Buffer.from('line\n');
      if (asked.length === 1) throw new Error('it broke');
    },
    [pod('a')],
    [pod('a')],
    [pod('a')],
  );
  expect(lines).toEqual(['line', 'line']);
  expect(asked[1]).toMatchObject({ tailLines: undefined, sinceSeconds: expect.any(Number) });
});

test('when none is to be had it is said why', async () => {
  const refused = follow(
    // oxlint-disable-next-line require-yield -- it fails before its first line
    async function* ({ pod: name }) {
      throw new Error(`${name} is not there`);
    },
    [pod('a'), pod('b')],
    [pod('a')],
  );
  await expect(refused).rejects.toThrow('is not there');
});
