/**
 * Folders on the way into the store or out of it. Their names say which process they belong to; when it is gone, so
 * are they, with the next process that comes by.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import { isAlive, ownerMark, ownIdentity } from '../../host/journal/process-identity.ts';
import { removeTree } from '../../host/journal/remove-tree.ts';
import { makeLayout, type CheckpointLayout } from './layout.ts';

const NAME = /^(?<pid>\d+)-(?<startTicks>\d+)-(?<bootId>[0-9a-f-]{36})~/;

/** A folder of this process in which the build user writes. */
export function makeStagingFolder(layout: CheckpointLayout, user: BuildUser, id: string): string {
  makeLayout(layout);
  const folder = join(layout.staging, `${ownerMark(ownIdentity())}~${id}`);
  mkdirSync(folder, { mode: 0o700 });
  giveToBuildUser(user, folder);
  return folder;
}

/**
 * Takes the folder `path` out of sight in one step. The caller holds the lock.
 * @returns where it is now, to be removed at leisure; undefined when it was not there.
 */
export async function moveAway(layout: CheckpointLayout, path: string): Promise<string | undefined> {
  const to = join(layout.staging, `${ownerMark(ownIdentity())}~${randomUUID()}`);
  try {
    await rename(path, to);
    return to;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what processes left here that are gone. Needs no lock: names of the living are never touched. */
export async function sweepStaging(layout: CheckpointLayout, signal: AbortSignal): Promise<void> {
  for (const path of await deadStaging(layout)) await removeTree(path, signal);
}

/** Paths of what {@link sweepStaging} would remove now. */
export async function deadStaging(layout: CheckpointLayout): Promise<readonly string[]> {
  const names = await readdir(layout.staging).catch(() => []); // nobody has staged anything yet
  return names.filter((name) => !belongsToLiving(name)).map((name) => join(layout.staging, name));
}

function belongsToLiving(name: string): boolean {
  const { pid, startTicks, bootId } = NAME.exec(name)?.groups ?? {};
  if (pid === undefined || startTicks === undefined || bootId === undefined) return false;
  return isAlive({ pid: Number(pid), startTicks, bootId });
}
