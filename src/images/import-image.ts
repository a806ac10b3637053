/** Brings a disk image file of any accepted format into the store, as a managed image. */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { allocatedSizeBytes } from '../disk/allocated-size.ts';
import { digestDisk } from '../disk/disk-digest.ts';
import { detectGeneration } from '../disk/partition-table/detect-generation.ts';
import { importToRaw } from '../disk/untrusted/import-to-raw.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Generation, OsType } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import type { DiskFormat } from '../model/run.ts';
import { localManagedImageId, parseImageResourceId, type ManagedImageId } from './resource-ids.ts';
import type { ImageStore } from './store/image-store.ts';
import type { ManagedImageRecord } from './store/records.ts';

export interface ImportImageRequest {
  readonly path: string;
  /** A short name or the ARM id of a managed image. */
  readonly name: string;
  readonly location?: string;
  /** undefined = found out from the disk. */
  readonly generation?: Generation;
  readonly osType: OsType;
  readonly architecture?: 'x64' | 'Arm64';
  readonly provisioning: Provisioning;
  /** Take the place of an image of that name. */
  readonly replace?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly maxVirtualSizeBytes?: number;
  readonly signal: AbortSignal;
  /** Bytes of the virtual disk converted so far and in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface ImportedImage {
  readonly image: ManagedImageRecord;
  /** What the file was. */
  readonly format: DiskFormat;
  /** Why the image has the generation it has, one sentence for people. */
  readonly generationBecause: string;
}

/**
 * Imports `request.path`; the file itself is left as it is.
 * @throws GoldsmithError `SourceNotFound`, `ImageRefused`, `Conflict` when the name is taken,
 * `BadUsage` for an impossible name, `InsufficientResources`, `Cancelled`.
 */
export async function importImage(store: ImageStore, request: ImportImageRequest): Promise<ImportedImage> {
  const id = managedImageId(request.name);
  const { path, osType, architecture = 'x64', provisioning, signal, maxVirtualSizeBytes } = request;
  const raw = store.stagingPath();
  try {
    const { format, sizeBytes } = await importToRaw(path, raw, {
      signal,
      ...(maxVirtualSizeBytes === undefined ? {} : { maxVirtualSizeBytes }),
      ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    });
    const { generation, because } =
      request.generation === undefined
        ? await detectGeneration(raw, sizeBytes)
        : { generation: request.generation, because: 'it was given' };
    const facts = await store.addContent(
      {
        path: raw,
        virtualSizeBytes: sizeBytes,
        allocatedSizeBytes: await allocatedSizeBytes(raw),
        digest: await digestDisk(raw, { sizeBytes, signal }),
        ...{ generation, osType, architecture, provisioning },
      },
      { move: true, signal },
    );
    const image = store.publishManagedImage(facts, {
      id,
      location: request.location ?? 'local',
      ifExists: request.replace === true ? 'replace' : 'fail',
      tags: request.tags ?? {},
      origin: { importedFrom: basename(path) },
    });
    return { image, format, generationBecause: because };
  } finally {
    await rm(raw, { force: true });
  }
}

/** A short name becomes an image of this machine's own group; Azure's rules for names apply to it. */
function managedImageId(name: string): ManagedImageId {
  const parsed = parseImageResourceId(name);
  if (parsed?.kind === 'ManagedImage') return parsed;
  if (parsed === undefined && /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$/.test(name)) {
    return localManagedImageId(name);
  }
  throw new GoldsmithError('BadUsage', `"${name}" cannot be the name of a managed image`, {
    hint: 'Use letters, digits, ".", "-" and "_" (at most 80), or the ARM id of a managed image.',
  });
}
