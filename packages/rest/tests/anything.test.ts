// Whatever comes: a request is one that its service can read, or a problem of the client's; an answer is JSON.
import {
  create,
  fromBinary,
  toBinary,
  ScalarType,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { rpcServices } from '@cnap/proto';
import { describe, expect, test } from 'vitest';
import {
  answerWriter,
  parseJson,
  requestWriter,
  restOperations,
  RestProblem,
  type RestOperation,
  type RestProperty,
  type RestType,
} from '../src/index.ts';
import { restMessage } from '../src/model/index.ts';

const seed = Number(process.env['CNAP_SEED'] ?? 20_261_121);
const rounds = 60;

/** mulberry32: the same numbers for the same seed. */
function numbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const texts = [
  '',
  'a',
  'true',
  '5',
  '\u0000',
  '\ud800',
  '"\\\n\u2028',
  'ünï🙂',
  '__proto__',
  'x'.repeat(3_000),
  '-1',
  'null',
];
const odd = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  2 ** 31,
  NaN,
  Infinity,
  ...texts,
  [],
  {},
  [[]],
  [null],
  { a: { b: [] } },
];

type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]): T | undefined =>
  from[Math.floor(random() * from.length)];

/** A value that is often of the type. */
function jsonOf(type: RestType, random: Random, depth: number): unknown {
  if (random() < 0.2) return pick(random, odd);
  switch (type.kind) {
    case 'array':
      return Array.from({ length: Math.floor(random() * 3) }, () => jsonOf(type.of, random, depth + 1));
    case 'map':
      return { [pick(random, texts) ?? '']: jsonOf(type.of, random, depth + 1) };
    case 'message':
      return depth > 4 ? {} : objectOf(restMessage(type.desc).properties, random, depth + 1);
    case 'enum':
      return pick(random, type.values)?.name;
    case 'boolean':
      return random() < 0.5;
    case 'integer':
    case 'number':
    case 'unix-seconds':
    case 'duration-seconds':
      return Math.floor(random() * 100);
    case 'json-object':
      return { key: pick(random, odd), list: [pick(random, odd)] };
    default:
      return pick(random, texts);
  }
}

function objectOf(
  properties: readonly RestProperty[],
  random: Random,
  depth: number,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const property of properties) {
    if (random() < 0.4) continue;
    made[property.name] =
      property.kind === 'group'
        ? objectOf(property.properties, random, depth)
        : jsonOf(property.type, random, depth);
  }
  if (random() < 0.1) made[pick(random, texts) ?? ''] = pick(random, odd);
  return made;
}

const operations = restOperations(rpcServices);
const isUnary = ({ stream }: RestOperation) => stream === undefined;

describe(`with the seed ${seed}`, () => {
  test.each(operations.map((operation) => ({ id: operation.id, operation })))(
    '$id is asked',
    ({ operation }) => {
      const random = numbers(seed);
      const write = requestWriter(operation);
      for (let round = 0; round < rounds; round += 1) {
        const body = operation.body && objectOf(operation.body.message.properties, random, 0);
        const query = new URLSearchParams(
          operation.queryParameters
            .filter(() => random() < 0.5)
            .map(({ name }) => [name, pick(random, texts) ?? '']),
        );
        const input = {
          variables: operation.pathParameters.map(() => pick(random, texts) ?? ''),
          query: query.toString(),
          body,
          idempotencyKey: random() < 0.5 ? undefined : pick(random, texts),
          ifMatch: random() < 0.5 ? undefined : pick(random, ['"7"', 'W/"7"', '*', '7', '']),
        };
        try {
          // As it would arrive: NaN is null, and nothing is undefined.
          const arrived: unknown = body && parseJson(Buffer.from(JSON.stringify(body)));
          fromBinary(operation.rpc.input, write({ ...input, body: arrived }));
        } catch (error) {
          if (!(error instanceof RestProblem)) throw error;
          expect([400, 422]).toContain(error.status);
          expect(error.error.message).not.toBe('');
        }
      }
    },
  );

  test.each(operations.filter(isUnary).map((operation) => ({ id: operation.id, operation })))(
    '$id answers',
    ({ operation }) => {
      const random = numbers(seed);
      const write = answerWriter(operation);
      for (let round = 0; round < rounds; round += 1) {
        const message = messageOf(operation.rpc.output, random, 0);
        const { json } = write(Buffer.from(toBinary(operation.rpc.output, message.message)));
        if (operation.response.kind === 'empty') expect(json).toBeUndefined();
        else expect(() => JSON.parse(json ?? '') as unknown).not.toThrow();
      }
    },
  );
});

/** A message with anything in it that its fields can hold. */
function messageOf(desc: DescMessage, random: Random, depth: number): ReflectMessage {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) {
    if (random() < 0.3 || (field.fieldKind === 'message' && depth > 4)) continue;
    if (field.fieldKind === 'list') {
      const { listKind } = field;
      if (listKind === 'message' && depth > 4) continue;
      for (let count = Math.floor(random() * 3); count > 0; count -= 1) {
        message
          .get(field)
          .add(
            listKind === 'message' ? messageOf(field.message, random, depth + 1) : scalarOf(field, random),
          );
      }
    } else if (field.fieldKind === 'message') message.set(field, messageOf(field.message, random, depth + 1));
    else if (field.fieldKind !== 'map') message.set(field, scalarOf(field, random));
  }
  return message;
}

function scalarOf(field: DescField, random: Random): unknown {
  if (field.enum) return pick(random, field.enum.values)?.number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return (pick(random, texts) ?? '').toWellFormed();
    case ScalarType.BOOL:
      return random() < 0.5;
    case ScalarType.BYTES:
      return Buffer.from(pick(random, texts) ?? '');
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return pick(
        random,
        [0, -1.5, 1e300, NaN, Infinity].filter((one) => field.scalar !== ScalarType.FLOAT || one < 1e30),
      );
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return pick(random, [0n, -1n, 2n ** 62n, -(2n ** 63n)]);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick(random, [0n, 2n ** 64n - 1n]);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick(random, [0, 2 ** 32 - 1]);
    default:
      return pick(random, [0, -1, 2 ** 31 - 1, -(2 ** 31)]);
  }
}
