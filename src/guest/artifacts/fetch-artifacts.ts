/** Brings every outside file of a template into the run's folder and checks it, before any machine starts. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { GoldsmithError, isGoldsmithError, type ErrorCode, type ErrorDetail } from '../../model/errors.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import { listArtifacts, type ArtifactNeed } from './artifact-list.ts';
import { DEFAULT_DOWNLOAD_POLICY, download, type DownloadPolicy, type FetchedFile } from './download.ts';
import { redactUri } from './redact.ts';

export interface Artifact extends FetchedFile {
  /** Absolute path of our own copy. */
  readonly localPath: string;
}

/** By URI or path exactly as written in the template. */
export type Artifacts = ReadonlyMap<string, Artifact>;

export interface FetchOptions {
  /** Base of relative paths and leave to read local files; undefined = only http and https are fetched. */
  readonly templateFolder: string | undefined;
  /** Folder for the copies; made when missing. */
  readonly destination: string;
  /** Absolute paths of files that stand for addresses, which are then not asked. */
  readonly localCopies?: ReadonlyMap<string, string>;
  /**
   * Asked first for an address; writes the new file `localPath` and tells true, or false when the address is none of
   * its own. @throws GoldsmithError when it is and cannot be had.
   */
  readonly fetchOwn?: (uri: string, localPath: string, signal: AbortSignal) => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ArtifactProgress) => void;
  /** Told of failed attempts that will be repeated. */
  readonly onRetry?: (message: string) => void;
  readonly policy?: DownloadPolicy;
}

export interface ArtifactProgress {
  /** Safe to show. */
  readonly uri: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

/** Downloads at the same time. */
const PARALLEL = 4;

/**
 * Fetches every distinct URI once. All are tried; the error lists every one that failed.
 * @throws GoldsmithError `DownloadFailed`, `ChecksumMismatch`, `BadTemplate` (an address that cannot be
 *   fetched) or `Cancelled`; `details` name the customizer and the URI with credentials left out.
 */
export async function fetchArtifacts(
  template: Pick<ImageTemplate, 'customize' | 'validate'>,
  options: FetchOptions,
): Promise<Artifacts> {
  const needs = listArtifacts(template);
  const byUri = Map.groupBy(needs, (need) => need.uri);
  const queue = [...byUri.entries()].entries();
  const artifacts = new Map<string, Artifact>();
  const failures: { readonly order: number; readonly error: GoldsmithError; readonly need: ArtifactNeed }[] =
    [];
  if (byUri.size > 0) await mkdir(options.destination, { recursive: true, mode: 0o700 });

  const worker = async (): Promise<void> => {
    for (const [index, [uri, uses]] of queue) {
      try {
        const artifact = await fetchOne(uri, join(options.destination, `artifact-${index}`), options);
        artifacts.set(uri, artifact);
        for (const need of uses) {
          const error = checksumError(need, artifact);
          if (error !== undefined) failures.push({ order: needs.indexOf(need), error, need });
        }
      } catch (error) {
        if (!isGoldsmithError(error) || error.code === 'Cancelled') throw error;
        for (const need of uses) failures.push({ order: needs.indexOf(need), error, need });
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  options.signal.throwIfAborted();
  failures.sort((a, b) => a.order - b.order);
  const [first] = failures;
  if (first !== undefined) throw failed(first.error.code, failures);
  return artifacts;
}

async function fetchOne(uri: string, localPath: string, options: FetchOptions): Promise<Artifact> {
  const url = URL.parse(uri);
  const shown = redactUri(uri);
  const { signal, onProgress } = options;
  const copy = options.localCopies?.get(uri);
  if (copy !== undefined) return { ...(await copyLocal(copy, '/', localPath, signal)), localPath };
  if (url !== null && /^https?:$/.test(url.protocol)) {
    if (await options.fetchOwn?.(uri, localPath, signal))
      return { ...(await factsOf(localPath, signal)), localPath };
    const file = await download(url, localPath, {
      signal,
      policy: options.policy ?? DEFAULT_DOWNLOAD_POLICY,
      onProgress: (doneBytes, totalBytes) => onProgress?.({ uri: shown, doneBytes, totalBytes }),
      ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
    });
    return { ...file, localPath };
  }
  if (url !== null && url.protocol !== 'file:') {
    throw new GoldsmithError('BadTemplate', `${shown} cannot be fetched: use https, http, file or a path`);
  }
  if (options.templateFolder === undefined) {
    throw new GoldsmithError(
      'BadTemplate',
      `${shown} cannot be fetched: only http and https addresses are allowed`,
    );
  }
  const file = await copyLocal(uri, options.templateFolder, localPath, signal);
  onProgress?.({ uri: shown, doneBytes: file.sizeBytes, totalBytes: file.sizeBytes });
  return { ...file, localPath };
}

/** Copies, then hashes the copy: what was checked is what will be used. */
async function copyLocal(
  uri: string,
  folder: string,
  localPath: string,
  signal: AbortSignal,
): Promise<FetchedFile> {
  try {
    const path = uri.startsWith('file:') ? fileURLToPath(uri) : resolve(folder, uri);
    const facts = await stat(path);
    if (!facts.isFile())
      throw new GoldsmithError('DownloadFailed', `${uri} is not a file (looked at ${path})`);
    await copyFile(path, localPath, constants.COPYFILE_FICLONE);
    return await factsOf(localPath, signal);
  } catch (error) {
    if (isGoldsmithError(error)) throw error;
    if (signal.aborted) {
      throw new GoldsmithError('Cancelled', `Reading ${uri} was cancelled`, { cause: signal.reason });
    }
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const where = uri.startsWith('file:') ? uri : resolve(folder, uri);
    throw new GoldsmithError(
      'DownloadFailed',
      missing ? `${uri} does not exist (looked at ${where})` : `${uri} cannot be read`,
      { cause: error },
    );
  }
}

async function factsOf(path: string, signal: AbortSignal): Promise<FetchedFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return { sizeBytes: (await stat(path)).size, sha256: hash.digest('hex') };
}

function checksumError(need: ArtifactNeed, artifact: Artifact): GoldsmithError | undefined {
  if (need.sha256 === undefined || need.sha256.toLowerCase() === artifact.sha256) return undefined;
  return new GoldsmithError(
    'ChecksumMismatch',
    `${redactUri(need.uri)} has the SHA-256 checksum ${artifact.sha256}, not ${need.sha256}`,
  );
}

function failed(
  code: ErrorCode,
  failures: readonly { readonly error: GoldsmithError; readonly need: ArtifactNeed }[],
): GoldsmithError {
  const details = failures.map(({ error, need }): ErrorDetail => ({
    code: error.code,
    target: need.path,
    message: `${need.usedBy}: ${error.message}`,
  }));
  const others = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  return new GoldsmithError(code, `${details[0]?.message ?? ''}${others}`, {
    details,
    cause: failures[0]?.error,
  });
}
