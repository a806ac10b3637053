/** Carries the logs of a run to its staging account while they grow, so that they can be followed there. */
import { open } from 'node:fs/promises';
import type { RunFolder } from '../../build/run-folder.ts';
import { MIB } from '../../model/sizes.ts';
import type { BlobPlace, StagingFiles } from '../run-ports.ts';

/** Container of the logs; the reference calls it so (2.3). */
export const LOG_CONTAINER = 'packerlogs';

/** Blobs take that much at once; Azure's limit for an append block is 4 MiB. */
const BLOCK_BYTES = 4 * MIB;
/** A blob takes 50,000 blocks: at this pace they last longer than any run may, milliseconds. */
const PAUSE_MS = 1_500;

/** How often in one pass somebody else may be found to have written to the blob. */
const MOST_MISSES = 3;

export interface LogFollowerOptions {
  readonly files: StagingFiles;
  readonly account: string;
  readonly runId: string;
  readonly folder: RunFolder;
  readonly onError: (error: unknown) => void;
}

export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #logs: readonly { readonly path: string; readonly blob: BlobPlace; offset: number | undefined }[];
  readonly #stop = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #waiting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    const { account, runId, folder } = options;
    this.#logs = [folder.customizationLog, folder.validationLog].map((path) => ({
      path,
      blob: logBlob(account, runId, path === folder.customizationLog ? 'customization' : 'validation'),
      offset: undefined,
    }));
  }

  /** The logs may have grown: soon they are carried on. */
  grew(): void {
    if (this.#waiting || this.#stop.signal.aborted) return;
    this.#waiting = true;
    this.#timer = setTimeout(() => {
      this.#waiting = false;
      void this.#carry(this.#stop.signal);
    }, PAUSE_MS);
  }

  /** Carries everything that is there now. @returns false when it could not be done before `signal` fired. */
  async finish(signal: AbortSignal): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#waiting = true;
    const done = await this.#carry(signal);
    this.#stop.abort();
    return done;
  }

  /** One pass at a time; a failure is told, and the next pass goes on where this one ended. */
  async #carry(signal: AbortSignal): Promise<boolean> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      for (const log of this.#logs) await this.#carryOne(log, signal);
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.onError(error);
      return false;
    } finally {
      resolve();
    }
  }

  async #carryOne(
    log: { readonly path: string; readonly blob: BlobPlace; offset: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { files } = this.#options;
    const file = await open(log.path, 'r').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) return;
    await using _file = file;
    for (let misses = 0; misses < MOST_MISSES;) {
      log.offset ??= await files.logSize(log.blob, signal);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, log.offset);
      if (bytesRead === 0) return;
      const taken = await files.appendLog(log.blob, log.offset, buffer.subarray(0, bytesRead), signal);
      // an answer that was lost, or an earlier attempt's late write: the blob knows best
      log.offset = taken ? log.offset + bytesRead : undefined;
      if (!taken) misses += 1;
    }
    throw new Error(`somebody else writes to ${log.blob.name}`);
  }
}

/** Where a log is: `packerlogs/<run>/customization.log`. */
export function logBlob(account: string, runId: string, log: 'customization' | 'validation'): BlobPlace {
  return { account, container: LOG_CONTAINER, name: `${runId}/${log}.log` };
}

/** Appends what the service itself has to say to a log on this machine. */
export async function noteInLog(folder: RunFolder, runId: string, text: string): Promise<void> {
  await using file = await open(folder.customizationLog, 'a', 0o644);
  await file.write(`[${runId}] PACKER OUT ==> goldsmith: ${text}\n`);
}
