/** Makes a generalized Debian base image from Debian's archive: no root, no loop device, no download of an image. */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../../host/atomic-file.ts';
import { giveToBuildUser, type BuildUser } from '../../../host/build-user.ts';
import { runCommand } from '../../../host/command.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import type { Generation } from '../../../model/image-template.ts';
import { GIB, MIB } from '../../../model/sizes.ts';
import { writeGpt } from '../../partition-table/write-gpt.ts';
import { embedBiosBoot } from './bios-boot.ts';
import { filesOfDisk } from './boot-config.ts';
import type { TreeFacts } from './bootstrap.ts';
import { deriveIds, layoutOf } from './disk-layout.ts';
import { makeEfiBoot } from './efi-boot.ts';
import { chooseMirrors, readHostApt } from './mirrors.ts';
import { sourcesFor, type DebianRelease } from './release.ts';
import { makeRootFilesystem } from './root-filesystem.ts';
import { makeScratchFolder } from './scratch-folder.ts';
import { provideTree, type CachedTree } from './tree-cache.ts';

export interface DebianBaseRequest {
  readonly release: DebianRelease;
  readonly generation: Generation;
  /** The raw disk file to make; replaced when it exists. */
  readonly destination: string;
  /** Virtual size; a multiple of 1 MiB (Azure's rule for VHDs), at least 2 GiB. */
  readonly sizeBytes: number;
  /** For unfinished files; every folder above must be open to all users (mode o+x). */
  readonly workDir: string;
  /** For the installed tree that both generations share. */
  readonly cacheDir: string;
  /** A cached tree older than this is made again. */
  readonly maxAgeMs: number;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
  /** Progress for people. */
  readonly onLine: (line: string) => void;
}

export interface DebianBaseFacts {
  /** For a catalogue: `<major>.<point release>.<date of the newest package index, yyyymmdd>`. */
  readonly version: string;
  readonly debianVersion: string;
  /** Installed packages and their versions. */
  readonly packages: Readonly<Record<string, string>>;
  readonly kernelVersion: string;
  /** Archive mirror it was made from. */
  readonly mirror: string;
  readonly treeFromCache: boolean;
  readonly sizeBytes: number;
}

/**
 * Makes the image. The same tree, generation and size give the same bytes.
 * @throws GoldsmithError `BadUsage` for an impossible size, `CommandFailed` when the mirror or a tool fails, `Cancelled`.
 */
export async function buildDebianBase(request: DebianBaseRequest): Promise<DebianBaseFacts> {
  const { release, generation, destination, sizeBytes, workDir, user, signal, onLine } = request;
  if (sizeBytes % MIB !== 0 || sizeBytes < 2 * GIB) {
    throw new GoldsmithError('BadUsage', 'The disk size must be a multiple of 1 MiB and at least 2 GiB');
  }
  const host = await readHostApt(signal);
  const mirrors = chooseMirrors(host);
  await using scratch = makeScratchFolder(workDir, user);
  const folder = scratch.path;
  onLine(`Debian ${release} from ${mirrors.archive.uri}`);
  const tree = await provideTree({
    ...{ release, user, signal, onLine, folder },
    sources: sourcesFor(release, mirrors),
    aptOptions: host.options,
    cacheDir: request.cacheDir,
    maxAgeMs: request.maxAgeMs,
    now: Date.now(),
  });
  onLine(tree.fromCache ? 'using the installed system from the cache' : 'system installed');
  const disk = await assemble(request, tree, folder);
  onLine('writing the image');
  await publish(disk, destination, signal);
  return describe(tree, mirrors.archive.uri, sizeBytes);

  async function assemble(wish: DebianBaseRequest, from: CachedTree, scratchFolder: string): Promise<string> {
    const path = join(scratchFolder, 'disk.raw');
    closeSync(openSync(path, 'wx', 0o644));
    truncateSync(path, sizeBytes);
    giveToBuildUser(user, path);
    const ids = deriveIds(from.sha256, generation, sizeBytes);
    const epoch = from.facts.releaseDate;
    const common = { disk: path, ids, epoch, folder: scratchFolder, user: wish.user, signal };
    await writeGpt(path, sizeBytes, layoutOf(generation, sizeBytes, ids));
    const files = filesOfDisk(generation, ids);
    const root = await makeRootFilesystem({ ...common, sizeBytes, tar: from.tar, files });
    if (generation === 'V1') await embedBiosBoot(path, root);
    else await makeEfiBoot({ ...common, tree: root });
    return path;
  }
}

/** Catalogue facts of a tree. */
function describe(tree: CachedTree, mirror: string, sizeBytes: number): DebianBaseFacts {
  const { debianVersion, packages } = tree.facts;
  return {
    version: versionOf(tree.facts),
    debianVersion,
    packages,
    kernelVersion: packages['linux-image-cloud-amd64'] ?? '',
    mirror,
    treeFromCache: tree.fromCache,
    sizeBytes,
  };
}

/** `12.13.20261120`: a valid gallery version (three whole numbers) that grows with the archive. */
export function versionOf(facts: TreeFacts): string {
  const date = new Date(facts.releaseDate * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  return `${facts.debianVersion}.${date}`;
}

/** Moves the finished disk to its place: whole, synced and sparse, also across file systems. */
async function publish(disk: string, destination: string, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() === 0) chownSync(disk, 0, 0);
  chmodSync(disk, 0o644);
  const staging = join(dirname(destination), `.${basename(destination)}.${randomUUID()}.tmp`);
  try {
    try {
      renameSync(disk, staging);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      await runCommand(['cp', '--sparse=always', '--', disk, staging], { signal });
    }
    const file = openSync(staging, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(staging, destination);
    syncFolder(dirname(destination));
  } finally {
    rmSync(staging, { force: true });
  }
}
