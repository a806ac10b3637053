/** Taking hold of a checkpoint for one run: names of its own for the same bytes, so that eviction does no harm. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { linkOrClone } from '../../disk/link-or-clone.ts';
import { throwIfCancelled } from '../../disk/publish-file.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import type { CheckpointLayout } from './layout.ts';
import type { CheckpointFile } from './manifest.ts';
import { markUsed } from './publish.ts';
import { readChain, type CheckpointEntry } from './read-entries.ts';

/** The layer of an entry; the files of what it lies on that are claimed with it. */
export const DISK_FILE = 'disk.qcow2';

export interface ClaimedCheckpoint {
  readonly entry: CheckpointEntry;
  /** Absolute paths of the disk layers, base-most first; the last one is the entry's own. */
  readonly disks: readonly string[];
  /** Absolute paths of the entry's files that were asked for, by their names. */
  readonly files: ReadonlyMap<string, string>;
  /** Every file that was claimed, for {@link verifyClaim}. */
  readonly held: readonly HeldFile[];
}

export interface HeldFile {
  readonly owner: CheckpointEntry;
  readonly file: CheckpointFile;
  readonly path: string;
}

export interface ClaimRequest {
  readonly layout: CheckpointLayout;
  readonly user: BuildUser;
  readonly entry: CheckpointEntry;
  readonly folder: string;
  readonly files: readonly string[];
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** @returns undefined, with nothing left in the folder, when the entry or something it lies on has just gone. */
export async function claimEntry(request: ClaimRequest): Promise<ClaimedCheckpoint | undefined> {
  const { layout, user, entry, folder, nowMs, signal } = request;
  const chain = await readChain(layout, entry, nowMs);
  if (chain === undefined) return undefined;
  makeFolder(folder, user);
  const held: HeldFile[] = [];
  try {
    for (const [index, owner] of chain.entries()) {
      for (const file of wantedOf(owner, request)) {
        const path = join(folder, `${index}-${file.name}`);
        await linkOrClone(join(owner.folder, file.name), path, request);
        held.push({ owner, file, path });
      }
    }
    throwIfCancelled(signal);
    if (await isStillThere(request, chain)) {
      for (const owner of chain) await markUsed(owner, nowMs);
      return describeClaim(entry, held);
    }
  } catch (error) {
    await release(held);
    if (isMissing(error)) return undefined;
    throw error;
  }
  await release(held);
  return undefined;
}

function wantedOf(owner: CheckpointEntry, { entry, files }: ClaimRequest): readonly CheckpointFile[] {
  const wanted = owner.id === entry.id ? [...files, DISK_FILE] : [DISK_FILE];
  return owner.files.filter(({ name }) => wanted.includes(name));
}

/** A key may have got another machine between two links. Ids never come back, so looking once more is enough. */
async function isStillThere(request: ClaimRequest, chain: readonly CheckpointEntry[]): Promise<boolean> {
  const { layout, entry, nowMs } = request;
  const now = await readChain(layout, entry, nowMs);
  return now !== undefined && now.every(({ id }, index) => id === chain[index]?.id);
}

function describeClaim(entry: CheckpointEntry, held: readonly HeldFile[]): ClaimedCheckpoint {
  const own = held.filter(({ owner }) => owner.id === entry.id);
  return {
    entry,
    held,
    disks: held.filter(({ file }) => file.name === DISK_FILE).map(({ path }) => path),
    files: new Map(own.map(({ file, path }) => [file.name, path])),
  };
}

function makeFolder(folder: string, user: BuildUser): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) giveToBuildUser(user, folder);
}

async function release(held: readonly HeldFile[]): Promise<void> {
  for (const { path } of held) await rm(path, { force: true });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
