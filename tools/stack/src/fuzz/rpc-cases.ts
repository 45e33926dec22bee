// Bad requests for an RPC, by Connect in JSON, by Connect in binary and by gRPC.
import { toBinary, toJson, type DescMethod } from '@bufbuild/protobuf';
import { enveloped } from './answer.ts';
import { membersOf, spoiltBytes, spoiltObject } from './json-text.ts';
import type { Random } from './random.ts';
import { requestOf } from './requests.ts';

/** How a request goes to the port. */
export type RpcCase = {
  protocol: 'Connect JSON' | 'Connect binary' | 'gRPC';
  contentType: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
};

const ids = (workspaceId: string) => (prefix: string) =>
  prefix === 'ws' ? workspaceId : prefix === 'src' ? '' : `${prefix}_01h455vb4pex5vsknk084sn02q`;

/** One bad request; the same for the same numbers. */
export function rpcCase(method: DescMethod, random: Random, workspaceId: string): RpcCase {
  const valid = requestOf(method.input, ids(workspaceId));
  const streams = method.methodKind !== 'unary';
  const protocol = random.pick(['Connect JSON', 'Connect JSON', 'Connect binary', 'gRPC'] as const);
  const headers = oddHeaders(random);
  if (protocol === 'Connect JSON') {
    const json = toJson(method.input, valid) as object;
    const message = spoiltBytes(spoiltObject(json, membersOf(method.input, random), random), random);
    const right = streams ? 'application/connect+json' : 'application/json';
    const body = streams ? spoiltFrame(message, random) : message;
    return { protocol, contentType: contentType(right, random), headers, body };
  }
  const message = spoiltBinary(toBinary(method.input, valid), random);
  if (protocol === 'gRPC') {
    const right = random.pick(['application/grpc', 'application/grpc+proto']);
    return { protocol, contentType: contentType(right, random), headers, body: spoiltFrame(message, random) };
  }
  const right = streams ? 'application/connect+proto' : 'application/proto';
  const body = streams ? spoiltFrame(message, random) : message;
  return { protocol, contentType: contentType(right, random), headers, body };
}

const wrongTypes = [
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json;',
  'application/grpc+nonsense',
  'application/connect+nonsense',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'x',
];

const contentType = (right: string, random: Random): string =>
  random.oneIn(12) ? random.pick(wrongTypes) : right;

function oddHeaders(random: Random): Record<string, string> {
  if (!random.oneIn(12)) return {};
  return random.pick([
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'nonsense' },
    { 'grpc-encoding': 'gzip' },
    { 'connect-protocol-version': '99' },
    { 'connect-timeout-ms': '-1' },
    { 'connect-timeout-ms': '99999999999' },
    { 'connect-content-encoding': 'br' },
    { 'idempotency-key': 'x'.repeat(3_000) },
    { 'x-request-id': '\u00ff'.repeat(300) },
    { traceparent: '00-zz-zz-zz' },
  ] as Record<string, string>[]);
}

/** A frame of a stream whose head or length may lie. */
function spoiltFrame(message: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const frame = enveloped(message);
  const view = new DataView(frame.buffer);
  switch (random.below(10)) {
    case 0:
      return frame.slice(0, random.below(frame.length + 1));
    case 1:
      view.setUint32(1, random.pick([0, message.length + 1, 0x7fffffff, 0xffffffff]));
      return frame;
    case 2:
      frame[0] = random.pick([1, 2, 0x80, 0xff]);
      return frame;
    case 3:
      return Uint8Array.from([...frame.slice(0, 50_000), ...frame.slice(0, 50_000)]);
    default:
      return frame;
  }
}

const fragments = [
  [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // a varint of ten bytes
  [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], // 4 GB of text
  [0x0a, 0x02, 0xc3, 0x28], // text that is not UTF-8
  [0x0a, 0x01, 0x00],
  [0x0b, 0x0b, 0x0b, 0x0c], // groups
  [0x00],
  [0x0f],
  [0xfa, 0xff, 0xff, 0xff, 0x7f, 0x00],
  [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
];

function spoiltBinary(valid: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let bytes = Buffer.from(valid);
  const times = 1 + random.below(3);
  for (let turn = 0; turn < times; turn += 1) {
    const at = random.below(bytes.length + 1);
    switch (random.below(5)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(random.pick(fragments)),
          bytes.subarray(at),
        ]);
        break;
      case 3:
        bytes = Buffer.concat([bytes, deep(random.pick([10, 101, 3_000]))]);
        break;
      default:
        bytes = Buffer.concat([bytes, Buffer.from(random.pick(fragments))]);
    }
  }
  return Uint8Array.from(bytes);
}

/** Messages within messages, each field 1. */
function deep(depth: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let level = 0; level < depth && bytes.length < 16_000; level += 1) {
    const length: number[] = [];
    for (let left = bytes.length; ; left >>>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    bytes = Buffer.concat([Buffer.from([0x0a, ...length]), bytes]);
  }
  return bytes;
}
