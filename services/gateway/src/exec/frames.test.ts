import { expect, test } from 'vitest';
import { readFrame } from './frames.ts';

test('what is typed is passed on in pieces that the installer takes', () => {
  const requests = readFrame(JSON.stringify({ type: 'input', data: 'é'.repeat(40_000) }));
  const sizes = (requests as { message: { value: Uint8Array } }[]).map(({ message }) => message.value.length);
  expect(sizes).toEqual([65_536, 80_000 - 65_536]);
  expect(readFrame('{"type":"input","data":""}')).toEqual([]);
});

test('a new size is passed on', () => {
  const size = { case: 'size', value: { columns: 120, rows: 40 } };
  expect(readFrame('{"type":"resize","cols":120,"rows":40}')).toEqual([{ message: size }]);
});

test.each([
  ['{', 'must be JSON'],
  ['null', 'JSON object'],
  ['[]', 'type:'],
  ['{"type":"close"}', 'type:'],
  ['{"type":"input","data":1}', 'data:'],
  ['{"type":"resize","cols":0,"rows":1}', 'cols:'],
  ['{"type":"resize","cols":80,"rows":1.5}', 'rows:'],
])('%s is refused in words', (text, words) => {
  expect(readFrame(text)).toContain(words);
});
