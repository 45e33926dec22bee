// JSON as text, spoilt: members set to what they should not be, members twice, cut off, not UTF-8.
import type { DescMessage } from '@bufbuild/protobuf';
import type { Random } from './random.ts';
import { oddText, valueFor } from './values.ts';

type Member = { name: string; value: () => string };

/** The members that a message has in JSON. */
export const membersOf = (desc: DescMessage, random: Random): Member[] =>
  desc.fields.map((field) => ({ name: field.jsonName, value: () => valueFor(field, random) }));

/** A valid object with some of its members replaced, some twice, and some that nobody knows. */
export function spoiltObject(valid: object, members: readonly Member[], random: Random): string {
  const entries = Object.entries(valid).map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)]);
  const times = 1 + random.below(3);
  for (let turn = 0; turn < times && members.length > 0; turn += 1) {
    const { name, value } = random.pick(members);
    const key = JSON.stringify(name);
    const at = entries.findIndex(([known]) => known === key);
    if (at >= 0 && !random.oneIn(8)) entries[at] = [key, value()];
    else entries.push([key, value()]);
  }
  if (random.oneIn(10)) entries.push([random.pick(oddText), '1']);
  if (random.oneIn(10)) entries.push(['"nonsense"', '{"a":[1,2]}']);
  if (random.oneIn(60)) for (let n = 0; n < 5_000; n += 1) entries.push([`"k${n}"`, 'null']);
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(',')}}`;
}

const notObjects = [
  '',
  ' ',
  '{',
  '}',
  'null',
  '[]',
  '"a"',
  '1',
  '{"a"',
  '{}{}',
  '{"a":1,}',
  "{'a':1}",
  'NaN',
  '\\x',
];

/** Now and then something that is no JSON at all, or not UTF-8. */
export function spoiltBytes(text: string, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text);
  switch (random.below(12)) {
    case 0:
      return Uint8Array.from(bytes.subarray(0, random.below(bytes.length + 1)));
    case 1:
      return Uint8Array.from(Buffer.from(random.pick(notObjects)));
    case 2:
      if (bytes.length > 0)
        bytes[random.below(bytes.length)] = random.pick([0, 0x80, 0xc0, 0xff, 0x22, 0x7b]);
      return Uint8Array.from(bytes);
    case 3:
      return Uint8Array.from(
        Buffer.concat([random.pick([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from([0xff])]), bytes]),
      );
    default:
      return Uint8Array.from(bytes);
  }
}
