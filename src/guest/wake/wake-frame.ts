/**
 * Messages on a serial line: a line `goldsmith-wake <nonce> <length>`, then that many bytes. The nonce of the request
 * comes back in the answer, so that nothing said before it, in this life or a frozen one, is taken for the answer.
 */
import { randomBytes } from 'node:crypto';

export const FRAME_MARK = 'goldsmith-wake';
/** Most bytes of content in either direction. */
export const CONTENT_LIMIT_BYTES = 16 * 1024;
/** Most bytes that may stand before an answer: what other programs of the guest write to the line. */
const NOISE_LIMIT_BYTES = 16 * 1024;
/** The mark, 32 hexadecimal digits, a length of at most 5 digits. */
const HEADER_LIMIT_BYTES = FRAME_MARK.length + 1 + 32 + 1 + 5 + 1;

export function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/** @throws RangeError when `content` is larger than the other side would take. */
export function encodeFrame(nonce: string, content: Buffer): Buffer {
  if (content.length > CONTENT_LIMIT_BYTES)
    throw new RangeError(`${content.length} bytes are too many for a frame`);
  return Buffer.concat([Buffer.from(`${FRAME_MARK} ${nonce} ${content.length}\n`), content]);
}

/** Finds the frames with `nonce` in a stream. Holds a bounded number of bytes, whatever comes. */
export class FrameReader {
  readonly #opening: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #noiseBytes = 0;
  #length: number | undefined;

  constructor(nonce: string) {
    this.#opening = Buffer.from(`${FRAME_MARK} ${nonce} `);
  }

  /**
   * Takes the next bytes of the stream.
   * @returns the contents of the frames that they complete.
   * @throws RangeError for an answer of a wrong form, or when too much came that is none.
   */
  push(chunk: Buffer): readonly Buffer[] {
    const contents: Buffer[] = [];
    this.#held = Buffer.concat([this.#held, chunk]);
    for (;;) {
      this.#length ??= this.#open();
      if (this.#length === undefined || this.#held.length < this.#length) return contents;
      contents.push(this.#held.subarray(0, this.#length));
      this.#held = this.#held.subarray(this.#length);
      this.#length = undefined;
    }
  }

  /** Drops everything up to the end of the next header, once it is there. */
  #open(): number | undefined {
    const start = this.#held.indexOf(this.#opening);
    const dropped = start < 0 ? Math.max(0, this.#held.length - this.#opening.length + 1) : start;
    this.#noiseBytes += dropped;
    if (this.#noiseBytes > NOISE_LIMIT_BYTES) throw new RangeError('it wrote much that is no answer');
    this.#held = this.#held.subarray(dropped);
    if (start < 0) return undefined;
    const end = this.#held.indexOf(0x0a);
    if (end < 0) {
      if (this.#held.length > HEADER_LIMIT_BYTES) throw new RangeError('the header of its answer has no end');
      return undefined;
    }
    const digits = this.#held.toString('latin1', this.#opening.length, end);
    const length = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
    if (!(length <= CONTENT_LIMIT_BYTES)) throw new RangeError('the length of its answer is not one');
    this.#held = this.#held.subarray(end + 1);
    return length;
  }
}
