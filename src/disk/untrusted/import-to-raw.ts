/** An untrusted image of any accepted format as a sparse raw disk that may be trusted to be just that. */
import { open, type FileHandle } from 'node:fs/promises';
import { currentBuildUser, type BuildUser } from '../../host/build-user.ts';
import type { DiskFormat } from '../../model/run.ts';
import { GIB, MIB, roundUp } from '../../model/sizes.ts';
import { cloneDescriptor } from '../clone-file.ts';
import { parseProgress } from '../copy-formats.ts';
import { requireSpace } from '../disk-space.ts';
import { publishFile } from '../publish-file.ts';
import { OUTPUT_NAME, runConfinedQemuImg } from './confined-qemu-img.ts';
import type { CheckedImage } from './detect-format.ts';
import {
  inspectOpenUpload,
  refusingFailures,
  servedImageName,
  type InspectOptions,
} from './inspect-upload.ts';
import type { ByteSource } from './nbd-export.ts';
import { refusal } from './refusal.ts';
import { servedBytes } from './served-bytes.ts';
import { openUpload, type Upload } from './upload.ts';

export interface ImportOptions extends InspectOptions {
  /** Wall-clock limit of the conversion. Default one hour. */
  readonly timeoutMs?: number;
  /** Bytes of the virtual disk done so far and in all; called only for formats that are converted. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface ImportedDisk {
  /** What the upload was. */
  readonly format: DiskFormat;
  /** Size of the disk inside the upload. */
  readonly virtualSizeBytes: number;
  /** Size of the raw file: the same, rounded up to whole MiB with zeros. */
  readonly sizeBytes: number;
}

const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;
/** An import stops when less than this is free: a small file can unpack to terabytes. */
const RESERVED_BYTES = GIB;
const READS_BETWEEN_SPACE_CHECKS = 128;

/**
 * Checks the file at `path` as `inspectUpload` does and writes its disk to `dest`, sparse, whole and
 * synced. What is converted are the bytes that were checked, even if the file changes meanwhile. Raw files
 * and fixed VHDs are copied; everything else goes through a confined qemu-img. `dest` belongs to the
 * caller and can be read, but not written, by the build user's group.
 * @throws GoldsmithError `SourceNotFound`, `ImageRefused` (also for the time limit),
 * `InsufficientResources`, `HostNotReady`, `CommandFailed`, `Cancelled`; no file is left then.
 */
export async function importToRaw(path: string, dest: string, options: ImportOptions): Promise<ImportedDisk> {
  const buildUser = options.buildUser ?? currentBuildUser();
  await using upload = await openUpload(path);
  const image = await inspectOpenUpload(upload, { ...options, buildUser });
  const sizeBytes = roundUp(image.virtualSizeBytes, MIB);
  await publishFile(
    dest,
    async (staging) => {
      if (image.flat)
        await cloneDescriptor(upload.fd, staging, { signal: options.signal, findZeros: 'always' });
      await using file = await open(staging, image.flat ? 'r+' : 'wx+', 0o600);
      if (image.flat) await file.truncate(image.virtualSizeBytes); // a VHD's footer is no part of the disk
      await file.truncate(sizeBytes);
      if (!image.flat) await convert({ upload, image, file, staging, sizeBytes, buildUser, options });
      await hardenResult(file, sizeBytes, buildUser);
    },
    { signal: options.signal },
  );
  return { format: image.format, virtualSizeBytes: image.virtualSizeBytes, sizeBytes };
}

interface Conversion {
  readonly upload: Upload;
  readonly image: CheckedImage;
  readonly file: FileHandle;
  readonly staging: string;
  readonly sizeBytes: number;
  readonly buildUser: BuildUser;
  readonly options: ImportOptions;
}

async function convert(job: Conversion): Promise<void> {
  const { image, buildUser, options } = job;
  // The program opens the file again through its descriptor, so the file must be its own for a while.
  if (buildUser.dropsPrivileges) await job.file.chown(buildUser.uid, buildUser.gid);
  const args = [
    ...['convert', '-p', '-W', '-m', '8', '-n', '--target-is-zero', '-O', 'raw'],
    ...[servedImageName(image.format), OUTPUT_NAME],
  ];
  await refusingFailures(
    runConfinedQemuImg(args, {
      buildUser,
      source: guardingSpace(servedBytes(job.upload, image), job.staging),
      outputFd: job.file.fd,
      maxFileBytes: job.sizeBytes,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      signal: options.signal,
      onStdout: (text) => {
        const fraction = parseProgress(text);
        if (fraction !== undefined) {
          options.onProgress?.(Math.floor(fraction * image.virtualSizeBytes), image.virtualSizeBytes);
        }
      },
    }),
  );
}

/** Whatever the program writes it has read from us, so this is the place to notice that the disk fills up. */
function guardingSpace(source: ByteSource, staging: string): ByteSource {
  let reads = 0;
  return {
    sizeBytes: source.sizeBytes,
    async read(offset, length) {
      if (reads % READS_BETWEEN_SPACE_CHECKS === 0) {
        await requireSpace(staging, RESERVED_BYTES, 'the import of the image');
      }
      reads += 1;
      return source.read(offset, length);
    },
  };
}

/** Takes the file back from the build user. */
async function hardenResult(file: FileHandle, sizeBytes: number, buildUser: BuildUser): Promise<void> {
  const { size } = await file.stat();
  if (size !== sizeBytes) throw refusal('The conversion made a disk of another size');
  if (buildUser.dropsPrivileges) await file.chown(process.getuid?.() ?? 0, buildUser.gid);
  await file.chmod(0o640);
}
