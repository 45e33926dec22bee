import type { Fields } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { FieldType, MessageTable } from './protobuf-tables.ts';
import { tables } from './protobuf-tables.ts';

/**
 * Helm's and kubectl's typed clients send Kubernetes' protobuf and fall back to nothing else. Read here for
 * the few kinds they send so; a field that the tables do not know is refused rather than lost.
 * `k8s\0` + runtime.Unknown: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function decodeProtobuf(body: Buffer): Fields {
  if (body.subarray(0, 4).toString('latin1') !== 'k8s\0') throw unsupported('no Kubernetes protobuf');
  const unknown = decode(body.subarray(4), tables.Unknown, 'Unknown');
  const { apiVersion, kind } = unknown['typeMeta'] as { apiVersion?: string; kind?: string };
  const table = kind ? (tables as Record<string, MessageTable | undefined>)[kind] : undefined;
  if (!table || !kind) throw unsupported(`kind ${kind}`);
  return { apiVersion, kind, ...decode(Buffer.from(String(unknown['raw'] ?? ''), 'base64'), table, kind) };
}

const unsupported = (what: string): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `kubesim does not read protobuf of ${what}; send application/json (kubectl apply does)`,
  );

interface Reader {
  bytes: Buffer;
  at: number;
}

function varint(reader: Reader): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) throw unsupported('a message that is cut short');
    reader.at += 1;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
}

function decode(bytes: Buffer, table: MessageTable, path: string): Fields {
  const reader: Reader = { bytes, at: 0 };
  const message: Fields = {};
  while (reader.at < bytes.length) {
    const tag = varint(reader);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire !== 0 && wire !== 2) throw unsupported(`${path} with wire type ${wire}`);
    const value = varint(reader);
    const content = wire === 2 ? bytes.subarray(reader.at, (reader.at += value)) : undefined;
    const field = table[number];
    if (!field) {
      // Go writes fields that are not pointers even when they are empty.
      if (isEmpty(content, value)) continue;
      throw unsupported(`${path}, field ${number}`);
    }
    const [name, type] = field;
    put(
      message,
      name,
      type,
      content ? read(content, type, `${path}.${name}`) : type === 'bool' ? value !== 0 : value,
    );
  }
  return message;
}

/** Nothing, or messages that hold nothing. */
function isEmpty(content: Buffer | undefined, value: number): boolean {
  return content
    ? content.every((byte, index) => index % 2 === 0 || byte === 0) && content.length % 2 === 0
    : value === 0;
}

function read(content: Buffer, type: FieldType, path: string): unknown {
  if (type === 'string' || type === 'strings') return content.toString('utf8');
  if (type === 'bytes') return content.toString('base64');
  if (type === 'json') return JSON.parse(content.toString('utf8')) as unknown;
  if (type === 'time') {
    const { seconds } = decode(content, { 1: ['seconds', 'int'], 2: ['nanos', 'int'] }, path) as {
      seconds?: number;
    };
    return seconds ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` : undefined;
  }
  if (typeof type === 'string') {
    if (type === 'map' || type === 'bytes-map') {
      return decode(
        content,
        { 1: ['key', 'string'], 2: ['value', type === 'map' ? 'string' : 'bytes'] },
        path,
      );
    }
    return content.toString('utf8');
  }
  const message = decode(content, Array.isArray(type) ? type[0] : type, path);
  return path.endsWith('.fieldsV1') ? message['raw'] : message;
}

function put(message: Fields, name: string, type: FieldType, value: unknown): void {
  if (type === 'map' || type === 'bytes-map') {
    const { key = '', value: item = '' } = value as { key?: string; value?: string };
    message[name] = { ...(message[name] as Fields | undefined), [key]: item };
  } else if (type === 'strings' || Array.isArray(type)) {
    message[name] = [...((message[name] as unknown[] | undefined) ?? []), value];
  } else if (value !== '' && value !== undefined) {
    // An empty string is an absent one.
    message[name] = value;
  }
}
