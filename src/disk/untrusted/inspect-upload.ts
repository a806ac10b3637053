/** What an untrusted disk image is, and whether it is safe to convert. */
import { z } from 'zod';
import { currentBuildUser, type BuildUser } from '../../host/build-user.ts';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { DiskFormat } from '../../model/run.ts';
import { formatBytes, GIB, MIB } from '../../model/sizes.ts';
import { runConfinedQemuImg, servedNode } from './confined-qemu-img.ts';
import { checkImage, type CheckedImage } from './detect-format.ts';
import { refusal } from './refusal.ts';
import { servedBytes } from './served-bytes.ts';
import { openUpload, type Upload } from './upload.ts';

/** The largest OS disk that Azure takes: 4,095 GiB. */
export const DEFAULT_MAX_VIRTUAL_SIZE_BYTES = 4095 * GIB;

const INFO_TIMEOUT_MS = 20_000;

export interface InspectOptions {
  readonly signal: AbortSignal;
  /** Who runs qemu-img. Default: {@link currentBuildUser}. */
  readonly buildUser?: BuildUser;
  /** Larger virtual disks are refused. Default {@link DEFAULT_MAX_VIRTUAL_SIZE_BYTES}. */
  readonly maxVirtualSizeBytes?: number;
}

export interface InspectedUpload {
  readonly format: DiskFormat;
  readonly virtualSizeBytes: number;
}

/**
 * Looks at an untrusted image file: our own checks first (format, other files named by it, sizes), and only
 * when they pass a confined qemu-img that must agree on the format and the size.
 * @throws GoldsmithError `SourceNotFound`, `ImageRefused` with the reason, `HostNotReady`, `Cancelled`.
 */
export async function inspectUpload(path: string, options: InspectOptions): Promise<InspectedUpload> {
  await using upload = await openUpload(path);
  const { format, virtualSizeBytes } = await inspectOpenUpload(upload, options);
  return { format, virtualSizeBytes };
}

/** {@link inspectUpload} for a file that is already open. */
export async function inspectOpenUpload(upload: Upload, options: InspectOptions): Promise<CheckedImage> {
  const checked = await checkImage(upload);
  const limit = options.maxVirtualSizeBytes ?? DEFAULT_MAX_VIRTUAL_SIZE_BYTES;
  if (checked.virtualSizeBytes === 0) throw refusal('The image holds a disk of no bytes');
  if (checked.virtualSizeBytes > limit) {
    throw refusal(
      `The image holds a disk of ${formatBytes(checked.virtualSizeBytes)}; at most ${formatBytes(limit)} is allowed`,
    );
  }
  if (!checked.flat) await agreeWithQemu(upload, checked, options);
  return checked;
}

/**
 * The `json:` name by which qemu-img opens the served upload: the format is forced, so nothing is probed,
 * and no backing file is opened whatever the image says.
 */
export function servedImageName(format: DiskFormat): string {
  return `json:${JSON.stringify({ ...formatNode(format), 'read-only': true, file: servedNode })}`;
}

function formatNode(format: DiskFormat): object {
  switch (format) {
    case 'qcow2':
    case 'vmdk':
      return { driver: format, backing: null };
    case 'vhd':
      // Azure goes by the size field; QEMU would go by the geometry for some writers and lose the disk's tail.
      return { driver: 'vpc', force_size_calc: 'current_size' };
    case 'vhdx':
    case 'raw':
      return { driver: format };
    default:
      format satisfies never;
      return {};
  }
}

const infoSchema = z.object({
  format: z.string(),
  'virtual-size': z.int().nonnegative(),
  encrypted: z.boolean().optional(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  'format-specific': z
    .object({
      data: z.looseObject({
        'data-file': z.string().optional(),
        extents: z.array(z.unknown()).optional(),
      }),
    })
    .optional(),
});

async function agreeWithQemu(upload: Upload, checked: CheckedImage, options: InspectOptions): Promise<void> {
  const args = ['info', '--output=json', servedImageName(checked.format)];
  const stdout = await refusingFailures(
    runConfinedQemuImg(args, {
      buildUser: options.buildUser ?? currentBuildUser(),
      source: servedBytes(upload, checked),
      maxFileBytes: MIB,
      timeoutMs: INFO_TIMEOUT_MS,
      signal: options.signal,
    }),
  );
  const info = parseInfo(stdout);
  const driver = checked.format === 'vhd' ? 'vpc' : checked.format;
  const details = info['format-specific']?.data;
  if (info.format !== driver) throw refusal(`QEMU reads the image as ${info.format}, not as ${driver}`);
  if (info['virtual-size'] !== checked.virtualSizeBytes) {
    throw refusal('The headers of the image contradict each other about its size');
  }
  const named = info['backing-filename'] ?? info['full-backing-filename'] ?? details?.['data-file'];
  if (named !== undefined || (details?.extents?.length ?? 1) !== 1)
    throw refusal('The image needs another file');
  if (info.encrypted === true) throw refusal('The image is encrypted');
}

function parseInfo(stdout: string): z.infer<typeof infoSchema> {
  try {
    return infoSchema.parse(JSON.parse(stdout));
  } catch (cause) {
    throw refusal('QEMU says nothing sensible about the image', cause);
  }
}

/** A qemu-img that fails on an upload means that the upload is bad, unless the disk is full. */
export async function refusingFailures<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isGoldsmithError(error, 'CommandFailed')) throw error;
    if (error.message.includes('No space left on device')) {
      throw new GoldsmithError('InsufficientResources', 'The disk is full', { cause: error });
    }
    const lastLine = (error.message.trim().split('\n').at(-1) ?? '').replace(/^.*?qemu-img: /, '');
    // Text that a hostile header may have shaped: keep plain characters, and not many.
    const reason = lastLine
      .replaceAll(/json:\{.*\}/g, 'the image')
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(-200);
    throw refusal(`QEMU cannot read the image: ${reason}`, error);
  }
}
