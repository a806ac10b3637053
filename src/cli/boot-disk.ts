/** The disk that `boot` starts from: an image of the store, or a file of anybody. */
import { existsSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { detectGeneration } from '../disk/partition-table/detect-generation.ts';
import { importToRaw } from '../disk/untrusted/import-to-raw.ts';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import type { ImageStore } from '../images/store/image-store.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Generation } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import type { VmDisk } from '../vm/hypervisor.ts';
import type { BootRequest } from './ports.ts';
import type { StepReport } from './run-step.ts';

export interface BootDisk {
  readonly disk: VmDisk;
  readonly generation: Generation;
  readonly provisioning: Provisioning;
}

interface BootDiskContext {
  readonly store: ImageStore;
  readonly user: BuildUser;
  /** Holds the copy of a file. */
  readonly workDir: string;
  readonly report: StepReport;
  readonly signal: AbortSignal;
}

/**
 * Opens what `request` names; nothing that the machine writes reaches it.
 * @throws GoldsmithError `SourceNotFound`, `ImageRefused`, `SourceInvalid`, `BadUsage`, `InsufficientResources`,
 *   `Cancelled`.
 */
export async function openBootDisk(request: BootRequest, context: BootDiskContext): Promise<BootDisk> {
  return namesFile(request.image) ? fileDisk(request, context) : storeDisk(request, context.store);
}

/** What to call it to a person. */
export function bootTitle(image: string): string {
  return namesFile(image) ? basename(image) : image;
}

function namesFile(image: string): boolean {
  return isAbsolute(image) && existsSync(image);
}

/** A file may be anybody's: it is checked and copied, and the machine writes into the copy. */
async function fileDisk(request: BootRequest, context: BootDiskContext): Promise<BootDisk> {
  const { user, workDir, report, signal } = context;
  const path = join(workDir, 'os.raw');
  const { sizeBytes } = await importToRaw(request.image, path, {
    signal,
    buildUser: user,
    onProgress: (done, total) => report.progress(basename(request.image), done, total),
  });
  const { generation, because } =
    request.generation === undefined
      ? await detectGeneration(path, sizeBytes)
      : { generation: request.generation, because: 'it was given' };
  report.output(`Generation ${generation}: ${because}`);
  giveToBuildUser(user, path);
  const disk: VmDisk = { path, format: 'raw', ephemeral: false };
  return { disk, generation, provisioning: request.provisioning ?? 'azure' };
}

async function storeDisk(request: BootRequest, store: ImageStore): Promise<BootDisk> {
  const image = store.find(request.image);
  if (request.generation !== undefined || request.provisioning !== undefined) {
    throw new GoldsmithError('BadUsage', 'An image of the store knows its generation and provisioning', {
      hint: 'Leave out --generation and --provisioning; they are for disk files.',
    });
  }
  const { path, generation, provisioning } = await store.open(image);
  return { disk: { path, format: 'raw', ephemeral: true }, generation, provisioning };
}
