/** What the run that is resumed has published already, and is still as it was. */
import { resolve } from 'node:path';
import type { ImageStore } from '../images/store/image-store.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { Target } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Artifact } from '../model/run.ts';
import { isVhdOf } from './targets/vhd/is-vhd-of.ts';
import { placeOf } from './targets/vhd/vhd-target.ts';

export interface PublishedQuestion {
  readonly target: Target;
  readonly disk: ImageFacts;
  readonly store: ImageStore;
  readonly outputFolder: string;
  /** Of the run that is resumed. */
  readonly published: readonly Artifact[];
  readonly signal: AbortSignal;
}

/**
 * The artifact that distributing `disk` to the target would make again; undefined when there is none, or when it was
 * changed or removed meanwhile. A file is read through to be sure.
 */
export async function alreadyPublished(question: PublishedQuestion): Promise<Artifact | undefined> {
  const { target, disk, published } = question;
  const artifact = published.find(
    (candidate) =>
      candidate.runOutputName === target.runOutputName &&
      candidate.kind === target.type &&
      candidate.digest === disk.digest,
  );
  if (artifact === undefined) return undefined;
  return (await isThere(question, artifact)) ? artifact : undefined;
}

async function isThere(question: PublishedQuestion, artifact: Artifact): Promise<boolean> {
  const { target, disk, store, outputFolder, signal } = question;
  try {
    if (target.type !== 'VHD') return store.find(artifact.artifactId ?? '').digest === disk.digest;
    const { path } = placeOf(target, outputFolder);
    return resolve(path) === resolve(artifact.path) && (await isVhdOf(path, disk, signal));
  } catch (error) {
    if (!isGoldsmithError(error) || signal.aborted) throw error;
    return false; // no such image any more
  }
}
