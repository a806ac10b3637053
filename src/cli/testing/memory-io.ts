/** An `Io` in memory for tests: what was written can be read, keys can be typed, time stands still. */
import { PassThrough } from 'node:stream';
import type { Io, OutputStream } from '../io.ts';

export interface MemoryIo extends Io {
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
  readonly keys: PassThrough;
  /** Each change of raw mode. */
  readonly rawModes: boolean[];
}

export interface MemoryOutput extends OutputStream {
  text(): string;
}

export interface MemoryIoOptions {
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
}

export function memoryIo(options: MemoryIoOptions = {}): MemoryIo {
  const tty = options.tty === true;
  const keys = new PassThrough();
  const rawModes: boolean[] = [];
  return {
    keys,
    rawModes,
    stdin: { isTty: tty, stream: keys, setRaw: (raw) => rawModes.push(raw) },
    stdout: memoryOutput(tty, options.columns ?? 80),
    stderr: memoryOutput(tty, options.columns ?? 80),
    env: options.env ?? { LANG: 'C.UTF-8', TERM: 'xterm' },
    cwd: options.cwd ?? '/nowhere',
    now: () => Date.UTC(2026, 10, 21, 10, 0, 0),
    atExit: () => () => undefined,
  };
}

function memoryOutput(isTty: boolean, columns: number): MemoryOutput {
  const chunks: string[] = [];
  return {
    isTty,
    write: (text) => {
      chunks.push(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'));
    },
    size: () => ({ columns, rows: 24 }),
    onResize: () => () => undefined,
    text: () => chunks.join(''),
  };
}
