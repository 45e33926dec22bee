const prefixBytes = 5;
/** Flags of the last one: trailers of gRPC-Web, end of a stream of Connect. */
const lastFlags = 0x80 | 0x02;

/** Counts where messages end in a body that passes by: a byte of flags, four of length, the content. */
export class MessageBounds {
  #prefix = 0;
  #length = 0;
  #left = 0;
  #flags = 0;
  #isOver = false;

  /** Whether what has passed ends where a message ends. */
  get isBetween(): boolean {
    return this.#prefix === 0;
  }

  /** Whether the body has said its end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Counts a chunk, or, to stop, what of it belongs to a message that has begun. Returns how many bytes it counted. */
  pass(chunk: Uint8Array, stop: boolean): number {
    let at = 0;
    while (at < chunk.byteLength) {
      if (stop && this.isBetween) break;
      if (this.#prefix < prefixBytes) {
        const byte = chunk[at] ?? 0;
        if (this.#prefix === 0) this.#flags = byte;
        this.#length = this.#prefix === 0 ? 0 : this.#length * 256 + byte;
        this.#prefix += 1;
        at += 1;
        if (this.#prefix === prefixBytes) this.#left = this.#length;
      } else {
        const step = Math.min(this.#left, chunk.byteLength - at);
        this.#left -= step;
        at += step;
      }
      if (this.#prefix === prefixBytes && this.#left === 0) {
        this.#prefix = 0;
        if ((this.#flags & lastFlags) !== 0) this.#isOver = true;
      }
    }
    return at;
  }
}
