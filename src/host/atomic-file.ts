/** Files that appear whole or not at all: staging name, sync, rename, sync of the folder. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { randomUUID } from 'node:crypto';

/** Replaces `path` with `content`; a reader or a crash sees the old file or the new one, never a part. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  const staging = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = openSync(staging, 'wx', mode);
    try {
      writeAll(file, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(staging, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(staging, { force: true });
    throw error;
  }
}

/** Makes a rename in `folder` survive a power failure. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Parsed JSON of `path`, or undefined when the file does not exist. */
export function readJsonIfExists(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(file, bytes, offset);
}
