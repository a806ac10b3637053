/** Small raw disks with known content, for tests. */
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { allocatedSizeBytes } from '../../../disk/allocated-size.ts';
import { digestDisk } from '../../../disk/disk-digest.ts';
import type { ImageFacts } from '../../../model/image.ts';
import { MIB } from '../../../model/sizes.ts';

/** Writes a sparse disk of `sizeMib` with `text` near its start and end. */
export async function makePatternDisk(
  folder: string,
  text: string,
  overrides: Partial<ImageFacts> & { readonly sizeMib?: number } = {},
): Promise<ImageFacts> {
  const { sizeMib = 4, ...facts } = overrides;
  const path = join(folder, `${randomUUID()}.raw`);
  const virtualSizeBytes = sizeMib * MIB;
  {
    await using file = await open(path, 'wx');
    await file.truncate(virtualSizeBytes);
    await file.write(text, 4096);
    await file.write(text, virtualSizeBytes - 4096);
  }
  const signal = AbortSignal.timeout(60_000);
  return {
    path,
    virtualSizeBytes,
    allocatedSizeBytes: await allocatedSizeBytes(path),
    digest: await digestDisk(path, { sizeBytes: virtualSizeBytes, signal }),
    generation: 'V2',
    osType: 'Linux',
    architecture: 'x64',
    provisioning: 'azure',
    ...facts,
  };
}
