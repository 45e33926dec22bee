const maxBytes = 16 * 1024 * 1024;
const prefixBytes = 5;
const compressed = 1;
const endOfStream = 2;

/** What is in the envelopes of a stream of the Connect protocol. */
export type EnvelopeEvents = {
  message(message: Buffer): void;
  /** The last one: JSON with `error` when the stream failed. */
  end(json: Buffer): void;
};

/** Reads envelopes from chunks as they come: a byte of flags, four of length, the content. */
export function createEnvelopeReader(events: EnvelopeEvents): (chunk: Buffer) => void {
  let left: Buffer = Buffer.alloc(0);
  return (chunk) => {
    left = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    while (left.length >= prefixBytes) {
      const flags = left.readUInt8(0);
      const length = left.readUInt32BE(1);
      if ((flags & compressed) !== 0) throw new Error('an envelope is compressed, which nobody asked for');
      if (length > maxBytes) throw new Error(`an envelope has ${length} bytes`);
      if (left.length < prefixBytes + length) return;
      const content = left.subarray(prefixBytes, prefixBytes + length);
      left = left.subarray(prefixBytes + length);
      if ((flags & endOfStream) === 0) events.message(content);
      else events.end(content);
    }
  };
}

/** A message in its envelope. */
export function envelope(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(prefixBytes + message.byteLength);
  bytes.writeUInt32BE(message.byteLength, 1);
  bytes.set(message, prefixBytes);
  return bytes;
}
