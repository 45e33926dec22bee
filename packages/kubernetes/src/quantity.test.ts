import { expect, test } from 'vitest';

import { cpuMillis, formatCpu, formatMemory, memoryBytes, parseQuantity } from './quantity.ts';

test.each<[string, number]>([
  ['250m', 250],
  ['1', 1000],
  ['0.5', 500],
  ['2e1', 20_000],
  ['100u', 1],
  ['.1', 100],
  ['0.3', 300],
])('%s of CPU is %i thousandths', (text, millis) => {
  expect(cpuMillis(text)).toBe(millis);
});

test.each<[string | number, number]>([
  ['1Gi', 1_073_741_824],
  ['1.5Gi', 1_610_612_736],
  ['128M', 128_000_000],
  ['1e3', 1000],
  ['1E', 1e18],
  ['1500m', 2],
  [42, 42],
])('%s is %i bytes', (text, bytes) => {
  expect(memoryBytes(text)).toBe(bytes);
});

test.each(['', '1 Gi', '1GiB', 'half', '1ee3', '0x10', '--1'])('"%s" is no quantity', (text) => {
  expect(() => parseQuantity(text)).toThrow('is not a Kubernetes quantity');
});

test('what is written reads well', () => {
  expect([
    formatCpu(1500),
    formatCpu(2000),
    formatMemory(2 ** 30),
    formatMemory(1536 * 2 ** 20),
    formatMemory(1000),
  ]).toEqual(['1500m', '2', '1Gi', '1536Mi', '1000']);
});
