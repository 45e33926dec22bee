/** By byte: 1 for characters of ASCII that JSON has as they are. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

/** Reads the protobuf wire format, as far as turning answers into JSON needs it. */
export class Wire {
  readonly bytes: Buffer;
  pos: number;
  readonly end: number;
  /** The halves of the varint read last. */
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer, pos = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  /** A varint of which the lowest 32 bits count. */
  uint32(): number {
    const first = this.bytes[this.pos] ?? cutOff();
    if (first < 0x80) {
      this.pos += 1;
      return first;
    }
    this.#varint();
    return this.#low;
  }

  /** A signed varint as text, exact over all 64 bits. */
  int64(): string {
    this.#varint();
    if (this.#high === 0) return String(this.#low);
    return String(BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low)));
  }

  uint64(): string {
    this.#varint();
    return this.#high === 0 ? String(this.#low) : String((BigInt(this.#high) << 32n) | BigInt(this.#low));
  }

  sint64(): string {
    const raw = BigInt(this.uint64());
    return String(raw & 1n ? -((raw + 1n) >> 1n) : raw >> 1n);
  }

  double(): number {
    return this.bytes.readDoubleLE(this.#skip(8));
  }

  float(): number {
    return this.bytes.readFloatLE(this.#skip(4));
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.#skip(4));
  }

  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.#skip(8));
  }

  /** A string as JSON text. Most need no escapes; those are not looked at twice. */
  quoted(): string {
    const end = this.chunk();
    const { bytes, pos } = this;
    let at = pos;
    while (at < end && isPlain[bytes[at] ?? 0] === 1) at += 1;
    this.pos = end;
    return at === end
      ? `"${bytes.toString('latin1', pos, end)}"`
      : JSON.stringify(bytes.toString('utf8', pos, end));
  }

  /** Where the length-delimited value that begins here ends; `pos` is at its first byte. */
  chunk(): number {
    const length = this.uint32();
    if (this.pos + length > this.end) cutOff();
    return this.pos + length;
  }

  /** Passes over a value. */
  skip(wireType: number): void {
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#skip(8);
    else if (wireType === 2) this.pos = this.chunk();
    else if (wireType === 5) this.#skip(4);
    else throw new Error(`wire type ${wireType} is not known`);
  }

  #skip(length: number): number {
    const from = this.pos;
    if (from + length > this.end) cutOff();
    this.pos += length;
    return from;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.pos++] ?? cutOff();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new Error('a varint has no end');
  }
}

function cutOff(): never {
  throw new Error('the message is cut off');
}
