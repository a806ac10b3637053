/** The guest's serial console over a byte stream: lines for listeners, a bounded history, no terminal escapes. */
import type { Duplex } from 'node:stream';
import type { GuestConsole } from '../hypervisor.ts';

const HISTORY_CHARS = 256 * 1024;
const MAX_LINE_CHARS = 4096;

// CSI, OSC and two-character escape sequences (ECMA-48), then every other control character but tab and newline.
const escapePattern = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
const controlPattern = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export class SerialConsole implements GuestConsole {
  readonly stream: Duplex;
  readonly #listeners = new Set<(line: string) => void>();
  readonly #decoder = new TextDecoder();
  #history = '';
  #partial = '';

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', () => undefined); // the machine's end is reported by its process
  }

  get text(): string {
    return this.#history + cleanLine(this.#partial);
  }

  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(data: string): void {
    if (this.stream.writable) this.stream.write(data);
  }

  #receive(chunk: Buffer): void {
    this.#partial += this.#decoder.decode(chunk, { stream: true });
    const lines = this.#partial.split('\n');
    this.#partial = (lines.pop() ?? '').slice(-MAX_LINE_CHARS);
    for (const raw of lines) {
      const line = cleanLine(raw);
      this.#history = (this.#history + line + '\n').slice(-HISTORY_CHARS);
      for (const listener of this.#listeners) listener(line);
    }
  }
}

/** One console line without escapes and control characters, at most 4096 characters. */
export function cleanLine(raw: string): string {
  return raw.slice(0, MAX_LINE_CHARS).replace(escapePattern, '').replace(controlPattern, '');
}
