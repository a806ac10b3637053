/** Big files that appear whole or not at all. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../host/atomic-file.ts';
import { GoldsmithError } from '../model/errors.ts';

export interface PublishOptions {
  readonly signal: AbortSignal;
  /** Whether the bytes must survive a power failure before the name appears. Default true. */
  readonly durable?: boolean;
}

/**
 * Lets `make` write a file under a staging name beside `dest`, syncs it and renames it to `dest`
 * (replacing what was there). When anything fails, or `signal` fires before the rename, the staging file
 * is removed and `dest` is as before.
 * @throws what `make` throws; GoldsmithError `Cancelled`.
 */
export async function publishFile(
  dest: string,
  make: (staging: string) => Promise<void>,
  options: PublishOptions,
): Promise<void> {
  const staging = stagingPath(dest);
  const durable = options.durable ?? true;
  try {
    throwIfCancelled(options.signal);
    await make(staging);
    if (durable) await syncFile(staging);
    throwIfCancelled(options.signal);
    await rename(staging, dest);
    if (durable) syncFolder(dirname(dest));
  } catch (error) {
    await rm(staging, { force: true });
    throw error;
  }
}

/** A new hidden name beside `dest` for a file that is to become `dest`. */
export function stagingPath(dest: string): string {
  return join(dirname(dest), `.${basename(dest)}.${randomUUID()}.tmp`);
}

/** @throws GoldsmithError `Cancelled` when `signal` has fired. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted)
    throw new GoldsmithError('Cancelled', 'The work was cancelled', { cause: signal.reason });
}

/** Waits until the bytes of `path` are on stable storage. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
