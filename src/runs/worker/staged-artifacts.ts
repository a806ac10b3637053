/** Brings the copies that were made when the template was submitted to this machine. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { redactUri } from '../../guest/artifacts/redact.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { StagingFiles } from '../run-ports.ts';
import type { RunInput } from '../run-input.ts';

/**
 * @returns local paths by the address in the template.
 * @throws GoldsmithError `DownloadFailed`, `ChecksumMismatch` when the copy is not what was copied, `Cancelled`.
 */
export async function fetchStaged(
  { staging, artifacts }: Pick<RunInput, 'staging' | 'artifacts'>,
  files: StagingFiles,
  folder: string,
  signal: AbortSignal,
): Promise<readonly (readonly [string, string])[]> {
  const copies: (readonly [string, string])[] = [];
  for (const [index, { uri, container, blobName, sha256 }] of artifacts.entries()) {
    const path = join(folder, `artifact-${index}`);
    await files.download({ account: staging.storageAccount, container, name: blobName }, path, signal);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash, { signal });
    if (hash.digest('hex') !== sha256) {
      throw new GoldsmithError(
        'ChecksumMismatch',
        `The copy of ${redactUri(uri)} in the staging account was changed since the template was submitted`,
        { hint: 'Delete the template and submit it again.' },
      );
    }
    copies.push([uri, path]);
  }
  return copies;
}
