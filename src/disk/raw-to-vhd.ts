/** Raw disk to fixed VHD: the same bytes with a footer behind them. */
import { open } from 'node:fs/promises';
import { GoldsmithError } from '../model/errors.ts';
import { cloneFile } from './clone-file.ts';
import { publishFile } from './publish-file.ts';
import { makeFixedVhdFooter } from './vhd-footer.ts';

export interface VhdIdentity {
  /** Creation time in the footer, milliseconds since 1970. */
  readonly createdAtMs: number;
  /** UUID in the footer. */
  readonly uniqueId: string;
}

/**
 * Turns the raw file at `rawPath` into a fixed VHD in place and syncs it. If writing fails the file is cut
 * back to the raw disk.
 * @throws GoldsmithError `Internal` when the disk is not a whole number of MiB; nothing is written then.
 */
export async function appendVhdFooter(rawPath: string, identity: VhdIdentity): Promise<void> {
  const file = await open(rawPath, 'r+');
  try {
    const { size } = await file.stat();
    const footer = makeFixedVhdFooter({ sizeBytes: size, ...identity });
    try {
      const { bytesWritten } = await file.write(footer, 0, footer.length, size);
      if (bytesWritten !== footer.length) throw new Error('short write');
      await file.sync();
    } catch (cause) {
      await file.truncate(size);
      throw new GoldsmithError('InsufficientResources', 'The VHD footer could not be written', { cause });
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes the raw disk at `rawPath` as a fixed VHD to `dest`, sharing blocks where the file system can.
 * The file appears whole and synced.
 * @throws GoldsmithError `Internal` when the raw file is not `sizeBytes` long or that is not whole MiB;
 * `CommandFailed`, `Cancelled`.
 */
export async function writeVhd(
  rawPath: string,
  sizeBytes: number,
  dest: string,
  options: VhdIdentity & { readonly signal: AbortSignal },
): Promise<void> {
  await publishFile(
    dest,
    async (staging) => {
      await cloneFile(rawPath, staging, options);
      await requireSize(staging, sizeBytes);
      await appendVhdFooter(staging, { createdAtMs: options.createdAtMs, uniqueId: options.uniqueId });
    },
    options,
  );
}

async function requireSize(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size !== sizeBytes) {
      throw new GoldsmithError('Internal', `The disk is ${size} bytes long, not ${sizeBytes}`);
    }
  } finally {
    await file.close();
  }
}
