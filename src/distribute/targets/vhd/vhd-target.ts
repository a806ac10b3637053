/** Distribution to a fixed VHD file. */
import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, rename, rm, truncate } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allocatedSizeBytes } from '../../../disk/allocated-size.ts';
import { appendVhdFooter, writeVhd, type VhdIdentity } from '../../../disk/raw-to-vhd.ts';
import { syncFolder } from '../../../host/atomic-file.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import type { VhdTarget } from '../../../model/image-template.ts';
import type { ImageFacts } from '../../../model/image.ts';
import type { Artifact } from '../../../model/run.ts';
import { fileNameFor, requireReplaceable } from '../../output-file.ts';
import type { TargetInput, TargetOutput } from '../../target-context.ts';
import { vhdIdOf } from './vhd-id.ts';

/**
 * Writes the disk as a fixed VHD (whole MiB and a 512-byte footer, what Azure takes) to the place that
 * {@link placeOf} says, whole, in place of an older VHD. Blocks are shared with the result where the file
 * system can.
 * @throws GoldsmithError `DistributeFailed` for a bad uri, `Conflict` when the place is taken by something
 * else, `InsufficientResources`, `CommandFailed`, `Cancelled`.
 */
export async function distributeVhd(input: TargetInput<VhdTarget>): Promise<TargetOutput> {
  const { target, disk, signal } = input;
  const { path, warnings } = placeOf(target, input.outputFolder);
  input.claimFile(path);
  await requireReplaceable(path);
  await mkdir(dirname(path), { recursive: true });
  const identity = { createdAtMs: input.createdAtMs, uniqueId: vhdIdOf(disk.digest) };
  const moved = input.mayMove && (await moveAsVhd(disk, path, identity));
  if (!moved) {
    await writeVhd(disk.path, disk.virtualSizeBytes, path, { ...identity, signal });
    if (input.mayMove) await rm(disk.path);
  }
  const facts = { ...disk, path, allocatedSizeBytes: await allocatedSizeBytes(path) };
  return { artifact: vhdArtifact(target, facts), warnings };
}

/** `facts` are those of the file. */
export function vhdArtifact(
  { runOutputName, artifactTags }: VhdTarget,
  facts: Pick<ImageFacts, 'path' | 'virtualSizeBytes' | 'allocatedSizeBytes' | 'digest'>,
): Artifact {
  const { path, virtualSizeBytes, allocatedSizeBytes, digest } = facts;
  return {
    ...{ runOutputName, kind: 'VHD', path, format: 'vhd', virtualSizeBytes, allocatedSizeBytes, digest },
    tags: artifactTags,
  };
}

/**
 * `<output>/<runOutputName>.vhd` without a uri; a path or `file:` URL as it says (relative to the output
 * folder). An http(s) uri is a blob in a storage account, which needs a service: the file goes to the
 * output folder under the blob's name instead, with a warning.
 */
export function placeOf(
  target: Pick<VhdTarget, 'runOutputName' | 'uri'>,
  outputFolder: string,
): { readonly path: string; readonly warnings: readonly string[] } {
  const { uri } = target;
  if (uri === undefined || uri === '') {
    return { path: join(outputFolder, `${fileNameFor(target.runOutputName)}.vhd`), warnings: [] };
  }
  const url = /^[a-z][a-z0-9+.-]*:/i.test(uri) ? URL.parse(uri) : undefined;
  if (url === undefined) return { path: requireVhdName(resolve(outputFolder, uri), uri), warnings: [] };
  if (url?.protocol === 'file:' && url.host === '') {
    return { path: requireVhdName(filePath(url, uri), uri), warnings: [] };
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw badUri(uri);
  const blob = decode(url.pathname.split('/').at(-1) ?? '', uri).replace(/\.vhd$/i, '');
  const path = join(outputFolder, `${fileNameFor(blob === '' ? target.runOutputName : blob)}.vhd`);
  const warning = `The VHD of "${target.runOutputName}" was not uploaded to ${url.origin}${url.pathname}: it is at ${path}`;
  return { path, warnings: [warning] };
}

/**
 * Takes the raw file itself: renamed, finished, renamed to its name. When anything fails it is raw and back
 * where it was.
 * @returns false when the file systems differ; nothing has changed then.
 */
async function moveAsVhd(disk: ImageFacts, path: string, identity: VhdIdentity): Promise<boolean> {
  const staging = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await rename(disk.path, staging);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EXDEV') return false;
    throw error;
  }
  try {
    // Until now a build VM's process owned the file.
    if (process.getuid?.() === 0) await chown(staging, 0, 0);
    await chmod(staging, 0o644);
    await appendVhdFooter(staging, identity);
    await rename(staging, path);
  } catch (error) {
    await truncate(staging, disk.virtualSizeBytes);
    await rename(staging, disk.path);
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

function requireVhdName(path: string, uri: string): string {
  if (path.includes('\0') || !/[^/]\.vhd$/i.test(path)) throw badUri(uri);
  return path;
}

function filePath(url: URL, uri: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw badUri(uri);
  }
}

function decode(segment: string, uri: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badUri(uri);
  }
}

function badUri(uri: string): GoldsmithError {
  return new GoldsmithError('DistributeFailed', `"${uri}" cannot be the place of a VHD`, {
    hint: 'Use a path or file: URL that ends in .vhd, an https blob address, or leave uri out.',
  });
}
