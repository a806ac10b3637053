/**
 * Keeps the installed tree so that both generations of a release, and the next builds, share one install.
 * Keyed by the digest of everything that goes in; the archive is verified before each use and made again
 * when it is damaged or older than the caller allows.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../../../host/atomic-file.ts';
import type { BuildUser } from '../../../host/build-user.ts';
import { bootstrapTree, type BootstrapRequest, type TreeFacts } from './bootstrap.ts';
import { filesAfterInstall, filesBeforeInstall } from './guest-files.ts';
import { guestScript } from './guest-script.ts';
import { guestPackages, type DebianRelease } from './release.ts';

export interface CachedTree {
  readonly tar: string;
  /** Hexadecimal SHA-256 of the archive. */
  readonly sha256: string;
  readonly facts: TreeFacts;
  /** False when it was installed by this call. */
  readonly fromCache: boolean;
}

export interface TreeRequest extends Omit<BootstrapRequest, 'epoch'> {
  readonly cacheDir: string;
  /** A kept tree older than this is made again. */
  readonly maxAgeMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const entrySchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  madeAt: z.number(),
  facts: z.object({
    debianVersion: z.string(),
    releaseDate: z.number(),
    packages: z.record(z.string(), z.string()),
  }),
});

/** The tree from the cache, or a new one, which is kept. Two callers at once both install; the last one is kept. */
export async function provideTree(request: TreeRequest): Promise<CachedTree> {
  const folder = join(request.cacheDir, `debian-${request.release}-${recipeKey(request).slice(0, 16)}`);
  const kept = await findKept(folder, request);
  if (kept !== undefined) return kept;

  const startOfDay = Math.floor(request.now / 86_400_000) * 86_400;
  const made = await bootstrapTree({ ...request, epoch: startOfDay });
  const sha256 = await digestFile(made.tar, request.signal);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const tar = join(folder, `${sha256}.tar`);
  moveFile(made.tar, tar);
  const entry = { sha256, madeAt: request.now, facts: made.facts };
  writeFileAtomic(join(folder, 'tree.json'), JSON.stringify(entry));
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.tar') && name !== `${sha256}.tar`) rmSync(join(folder, name), { force: true });
  }
  return { tar, sha256, facts: made.facts, fromCache: false };
}

/** Digest of everything that decides what is in the tree, besides the state of the mirror. */
export function recipeKey(request: {
  readonly release: DebianRelease;
  readonly sources: TreeRequest['sources'];
  readonly user?: BuildUser;
}): string {
  const inputs = [
    request.release,
    request.sources,
    guestPackages,
    filesBeforeInstall,
    filesAfterInstall(request.sources),
    guestScript,
  ];
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

async function findKept(folder: string, request: TreeRequest): Promise<CachedTree | undefined> {
  const entry = entrySchema.safeParse(readJsonIfExists(join(folder, 'tree.json')));
  if (!entry.success) return undefined;
  const ageMs = request.now - entry.data.madeAt;
  if (ageMs < 0 || ageMs > request.maxAgeMs) return undefined;
  const tar = join(folder, `${entry.data.sha256}.tar`);
  try {
    if ((await digestFile(tar, request.signal)) !== entry.data.sha256) return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return { tar, sha256: entry.data.sha256, facts: entry.data.facts, fromCache: true };
}

async function digestFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest('hex');
}

/** Renames; across file systems copies beside the target first so that it appears whole. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    const staging = join(dirname(to), `.${process.pid}.tar.tmp`);
    copyFileSync(from, staging);
    renameSync(staging, to);
    rmSync(from);
  }
}
