/** Connects the person's terminal to a byte stream (a guest's shell or serial console) until either side ends. */
import type { Duplex } from 'node:stream';
import type { Io } from './io.ts';

/** Ctrl-], as in telnet and virsh: the one key that is not passed on. */
const ESCAPE_KEY = 0x1d;

export interface AttachOptions {
  readonly resize?: (size: { columns: number; rows: number }) => void;
  /** End the stream's input when ours ends (a pipe was read to its end). */
  readonly endWithInput: boolean;
}

export type AttachEnd = 'remote-closed' | 'escape-key' | 'cancelled';

/**
 * Passes keys and output through untouched; the guest's own bytes reach the terminal, as with `ssh`.
 * Resolves when the stream closes, when Ctrl-] is pressed, or when `signal` fires. Gives the terminal back.
 */
export async function attachTerminal(
  io: Io,
  stream: Duplex,
  options: AttachOptions,
  signal: AbortSignal,
): Promise<AttachEnd> {
  const { stdin, stdout } = io;
  const cleanup = new DisposableStack();
  try {
    return await new Promise<AttachEnd>((resolve) => {
      const onKeys = (keys: Buffer): void => {
        const escape = stdin.isTty ? keys.indexOf(ESCAPE_KEY) : -1;
        if (escape >= 0) resolve('escape-key');
        else if (stream.writable) stream.write(keys);
      };
      const onInputEnd = (): void => {
        if (options.endWithInput && stream.writable) stream.end();
      };
      const onOutput = (bytes: Buffer): void => stdout.write(bytes);
      const onClosed = (): void => resolve('remote-closed');
      const onAbort = (): void => resolve('cancelled');

      stdin.setRaw(true);
      cleanup.defer(() => stdin.setRaw(false));
      cleanup.defer(io.atExit(() => stdin.setRaw(false)));
      stdin.stream.on('data', onKeys).on('end', onInputEnd);
      cleanup.defer(() => stdin.stream.off('data', onKeys).off('end', onInputEnd).pause());
      stream.on('data', onOutput).on('close', onClosed).on('end', onClosed).on('error', onClosed);
      cleanup.defer(() => {
        stream.off('data', onOutput).off('close', onClosed).off('end', onClosed);
      });
      signal.addEventListener('abort', onAbort, { once: true });
      cleanup.defer(() => signal.removeEventListener('abort', onAbort));
      if (options.resize !== undefined) {
        const { resize } = options;
        cleanup.defer(stdout.onResize(() => resize(stdout.size())));
      }
      if (signal.aborted) onAbort();
    });
  } finally {
    cleanup.dispose();
  }
}
