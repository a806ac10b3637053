/**
 * The outside of the command line as the commands see it: streams, environment, clock. Only `openIo` touches
 * `process`; tests pass their own.
 */
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { styleFor, type Style } from './render/style.ts';

export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `action` when the process ends, however it ends short of a signal that cannot be caught. */
  atExit(action: () => void): () => void;
}

export interface OutputStream {
  readonly isTty: boolean;
  write(text: string | Uint8Array): void;
  size(): { columns: number; rows: number };
  onResize(listener: () => void): () => void;
}

export interface InputStream {
  readonly isTty: boolean;
  readonly stream: Readable;
  /** Passes keys through untouched instead of line by line; a no-op when it is no terminal. */
  setRaw(raw: boolean): void;
}

/** The style for what a command prints to `stream`. */
export function styleOf(io: Io, stream: OutputStream): Style {
  return styleFor(stream.isTty, io.env);
}

/** This process. A reader that closes its end (`./goldsmith runs logs X | head`) silences the stream, nothing more. */
export function openIo(): Io {
  return {
    stdin: {
      isTty: isatty(0),
      stream: process.stdin,
      setRaw: (raw) => {
        if (process.stdin.isTTY) process.stdin.setRawMode(raw);
      },
    },
    stdout: outputOf(process.stdout, 1),
    stderr: outputOf(process.stderr, 2),
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
    atExit: (action) => {
      process.once('exit', action);
      return () => {
        process.off('exit', action);
      };
    },
  };
}

function outputOf(stream: NodeJS.WriteStream, fd: number): OutputStream {
  let closed = false;
  stream.on('error', () => {
    closed = true; // EPIPE, or a terminal that went away
  });
  return {
    isTty: isatty(fd),
    write: (text) => {
      if (!closed) stream.write(text);
    },
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    onResize: (listener) => {
      stream.on('resize', listener);
      return () => {
        stream.off('resize', listener);
      };
    },
  };
}
