/** What the service keeps beside the engine's files of a run; gone when the run has ended. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeRunFolder, runFolder } from '../../build/run-folder.ts';
import type { Home } from '../../host/home.ts';
import { removeTree } from '../../host/journal/remove-tree.ts';

export interface ServiceFolder {
  readonly root: string;
  /** Copies of what was fetched when the template was submitted. */
  readonly staged: string;
  /** VHDs on their way to storage accounts. */
  readonly output: string;
}

export function serviceFolder(home: Home, runId: string): ServiceFolder {
  const root = join(runFolder(home, runId).root, 'service');
  return { root, staged: join(root, 'staged'), output: join(root, 'out') };
}

/** Makes the folders anew, empty. */
export async function makeServiceFolder(
  home: Home,
  runId: string,
  signal: AbortSignal,
): Promise<ServiceFolder> {
  makeRunFolder(home, runId); // open to the build user, whose machines work in it
  const folder = serviceFolder(home, runId);
  await removeTree(folder.root, signal);
  for (const path of [folder.staged, folder.output]) mkdirSync(path, { recursive: true, mode: 0o700 });
  return folder;
}

/** Ids of the runs that have such a folder on this machine. */
export function runsWithServiceFolder(home: Home): readonly string[] {
  return readdirSync(home.runs).filter((runId) => existsSync(serviceFolder(home, runId).root));
}
