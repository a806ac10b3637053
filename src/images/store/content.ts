/** Disk bytes in the store, once per digest, never written again. */
import { chmod, chown, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../host/atomic-file.ts';
import { currentBuildUser } from '../../host/build-user.ts';
import { allocatedSizeBytes } from '../../disk/allocated-size.ts';
import { cloneFile } from '../../disk/clone-file.ts';
import { digestDisk } from '../../disk/disk-digest.ts';
import { requireSpace } from '../../disk/disk-space.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { ImageFacts } from '../../model/image.ts';
import { MIB } from '../../model/sizes.ts';
import { blobFolder, digestHex, type StoreLayout } from './layout.ts';
import { contentRecord, type ContentRecord } from './records.ts';
import { hasCode, readRecord } from './record-files.ts';
import type { Session } from './session.ts';

/** What a named image says about its content. */
export type ContentTraits = Pick<
  ImageFacts,
  'digest' | 'generation' | 'osType' | 'architecture' | 'provisioning'
>;

/** What a record of an image keeps of the facts about its disk. */
export function traitsOf(facts: ContentTraits): ContentTraits {
  const { digest, generation, osType, architecture, provisioning } = facts;
  return { digest, generation, osType, architecture, provisioning };
}

export interface AddOptions {
  /** Take the file itself when it lies on the store's file system; it is gone afterwards either way. */
  readonly move: boolean;
  readonly signal: AbortSignal;
}

/**
 * Brings the raw disk at `facts.path` into the store and holds it for `session`. Content that is there
 * already is not copied again; a damaged copy is replaced.
 * @returns the facts with the path in the store.
 * @throws GoldsmithError `Internal` when the file is not `virtualSizeBytes` long or that is not whole MiB,
 * `HostNotReady` as root without the build user, `InsufficientResources`, `CommandFailed`, `Cancelled`.
 */
export async function addContent(
  layout: StoreLayout,
  session: Session,
  facts: ImageFacts,
  options: AddOptions,
): Promise<ImageFacts> {
  const folder = blobFolder(layout, facts.digest);
  session.hold(digestHex(facts.digest));
  if (await isWhole(folder)) {
    if (options.move) await rm(facts.path);
    return openContent(layout, session, facts);
  }
  const staging = session.stagingPath();
  await mkdir(staging);
  try {
    const disk = join(staging, 'disk.raw');
    await bringIn(facts, disk, options);
    await seal(staging, disk, facts);
    await publish(layout, session, staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return openContent(layout, session, facts);
}

/**
 * Facts of content that a named image points to, held for `session`. The size is checked every time.
 * @throws GoldsmithError `SourceInvalid` when the bytes are missing or cut off.
 */
export async function openContent(
  layout: StoreLayout,
  session: Session,
  traits: ContentTraits,
): Promise<ImageFacts> {
  session.hold(digestHex(traits.digest));
  const folder = blobFolder(layout, traits.digest);
  const record = readRecord(contentRecord, join(folder, 'image.json'));
  const path = join(folder, 'disk.raw');
  const size = await sizeOf(path);
  if (record === undefined || size !== record.virtualSizeBytes) {
    const found = size === undefined ? 'missing' : `${size} bytes long`;
    throw new GoldsmithError('SourceInvalid', `The content of the image is damaged: ${traits.digest}`, {
      internal: `${path} is ${found}, expected ${record?.virtualSizeBytes ?? 'a description beside it'}`,
      hint: 'Build, import or download the image again; that repairs it.',
    });
  }
  return {
    path,
    virtualSizeBytes: record.virtualSizeBytes,
    allocatedSizeBytes: await allocatedSizeBytes(path),
    ...traitsOf(traits),
  };
}

/**
 * Reads the whole disk and compares its digest.
 * @throws GoldsmithError `ChecksumMismatch` when a bit differs, `SourceInvalid`, `Cancelled`.
 */
export async function verifyContent(facts: ImageFacts, signal: AbortSignal): Promise<void> {
  const digest = await digestDisk(facts.path, { sizeBytes: facts.virtualSizeBytes, signal });
  if (digest !== facts.digest) {
    throw new GoldsmithError('ChecksumMismatch', 'The content of the image was altered in the store', {
      internal: `${facts.path} has ${digest}, expected ${facts.digest}`,
    });
  }
}

async function bringIn(facts: ImageFacts, disk: string, options: AddOptions): Promise<void> {
  const size = await sizeOf(facts.path);
  if (size !== facts.virtualSizeBytes || size % MIB !== 0) {
    throw new GoldsmithError(
      'Internal',
      `A disk of ${size ?? 0} bytes was given as one of ${facts.virtualSizeBytes} bytes (whole MiB only)`,
      { internal: facts.path },
    );
  }
  if (options.move) {
    try {
      await rename(facts.path, disk);
      return;
    } catch (error) {
      if (!hasCode(error, 'EXDEV')) throw error;
    }
  }
  await requireSpace(disk, await allocatedSizeBytes(facts.path), 'the image');
  await cloneFile(facts.path, disk, { signal: options.signal });
  if (options.move) await rm(facts.path);
}

/** Makes the staged content final: ours, read-only, on stable storage, described. */
async function seal(staging: string, disk: string, facts: ImageFacts): Promise<void> {
  // A build VM's process owned the file until now; it must not be able to make it writable again.
  if (process.getuid?.() === 0) await chown(disk, 0, currentBuildUser().gid);
  await chmod(disk, 0o440);
  const record: ContentRecord = {
    ...traitsOf(facts),
    virtualSizeBytes: facts.virtualSizeBytes,
  };
  const description = join(staging, 'image.json');
  await writeFile(description, `${JSON.stringify(record, undefined, 2)}\n`);
  for (const path of [disk, description, staging]) {
    await using handle = await open(path, 'r');
    await handle.sync();
  }
}

async function publish(
  layout: StoreLayout,
  session: Session,
  staging: string,
  folder: string,
): Promise<void> {
  await mkdir(layout.blobs, { recursive: true });
  for (;;) {
    try {
      await rename(staging, folder);
      syncFolder(layout.blobs);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    if (await isWhole(folder)) return; // another process was faster with the same bytes
    await rename(folder, session.stagingPath()).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  }
}

async function isWhole(folder: string): Promise<boolean> {
  const record = readRecord(contentRecord, join(folder, 'image.json'));
  return record !== undefined && (await sizeOf(join(folder, 'disk.raw'))) === record.virtualSizeBytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
