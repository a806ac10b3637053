/** Cuts a byte stream from the guest into safe, bounded lines. */
import { StringDecoder } from 'node:string_decoder';
import { safeText } from './safe-text.ts';

/** Characters of one line that are shown. */
export const MAX_LINE_LENGTH = 4096;

/**
 * Feed chunks, get lines: UTF-8 may be cut anywhere, a line may be endless, bytes may be no text at all.
 * A carriage return starts the line over, as on a terminal: of a progress bar the last state is shown.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #maxLength: number;
  #line = '';
  #dropped = 0;
  #carriageReturn = false;

  constructor(onLine: (line: string) => void, maxLength = MAX_LINE_LENGTH) {
    this.#onLine = onLine;
    this.#maxLength = maxLength;
  }

  push(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Gives out what is left when the stream ends without a line feed. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#line !== '' || this.#dropped > 0) this.#emit();
  }

  #take(text: string): void {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) this.#emit();
      this.#append(part);
    }
  }

  #append(text: string): void {
    for (const [index, part] of text.split('\r').entries()) {
      if (index > 0) this.#carriageReturn = true;
      if (part === '') continue;
      if (this.#carriageReturn) this.#reset();
      const room = Math.max(0, this.#maxLength - this.#line.length);
      this.#line += part.slice(0, room);
      this.#dropped += part.length - Math.min(room, part.length);
    }
  }

  #emit(): void {
    const note = this.#dropped > 0 ? ` … [${this.#dropped} more characters]` : '';
    const line = safeText(this.#line.toWellFormed()) + note;
    this.#reset();
    this.#onLine(line);
  }

  #reset(): void {
    this.#line = '';
    this.#dropped = 0;
    this.#carriageReturn = false;
  }
}
