/** Reads a growing log line by line, woken by the kernel when it grows. */
import { open, type FileHandle } from 'node:fs/promises';
import { watch } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { GoldsmithError } from '../model/errors.ts';

export interface GrowingLog {
  readonly path: string;
  /** Every change that can end the log shows in this folder. */
  readonly folder: string;
  /** True when nothing will be added any more. Asked after each change. */
  isOver(): Promise<boolean>;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Calls `print` with each line until the log is over. A last line without a line end is printed too.
 * @throws GoldsmithError `BadUsage` when there is no such log, `Cancelled`.
 */
export async function followLog(
  log: GrowingLog,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await using file = await openLog(log.path);
  let wake: () => void = () => undefined;
  let changed = Promise.resolve();
  const rearm = (): void => {
    changed = new Promise((resolve) => {
      wake = resolve;
    });
  };
  rearm();
  const watcher = watch(log.folder, () => wake());
  watcher.on('error', () => wake());
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  const lines = lineSplitter(print);
  try {
    for (;;) {
      signal.throwIfAborted();
      const waiting = changed;
      const over = await log.isOver(); // asked before reading: what was written before the end is still read
      await readOn(file, lines.push);
      if (over) break;
      await waiting;
      rearm();
    }
    lines.end();
  } finally {
    signal.removeEventListener('abort', onAbort);
    watcher.close();
  }
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw new GoldsmithError('BadUsage', `There is no log at "${path}"`, { cause });
  }
}

async function readOn(file: FileHandle, take: (chunk: Buffer) => void): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return;
    take(buffer.subarray(0, bytesRead));
  }
}

function lineSplitter(print: (line: string) => void): { push: (chunk: Buffer) => void; end: () => void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    push: (chunk) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(print);
    },
    end: () => {
      if (rest !== '') print(rest);
    },
  };
}
