/** The File customizer and validator. */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import type { FileCustomizer } from '../../../model/image-template.ts';
import { UploadRefused } from '../../guest-shell.ts';
import { connectionFailureOf } from '../../ssh/connection-failure.ts';
import { artifactOf, partFailed, type PartContext } from '../context.ts';

/**
 * Streams a fetched file to its destination. Under /tmp it belongs to the build user, as on Azure, so that
 * inline scripts can go on with it; anywhere else to root. The mode is 0644.
 * @throws GoldsmithError `CustomizerFailed`/`ValidationFailed`, `Cancelled`.
 */
export async function putFile(part: FileCustomizer, context: PartContext): Promise<void> {
  const artifact = artifactOf(part.sourceUri, context.artifacts);
  const destination = part.destination.endsWith('/') ? part.destination : posix.normalize(part.destination);
  try {
    if (destination.endsWith('/')) throw new UploadRefused(`${destination} is a folder: name the file in it`);
    await context.shell.upload(createReadStream(artifact.localPath), {
      destination,
      asRoot: !destination.startsWith('/tmp/'),
      mode: 0o644,
      sizeBytes: artifact.sizeBytes,
      onProgress: (doneBytes) => context.onProgress?.(doneBytes, artifact.sizeBytes),
      signal: context.signal,
    });
  } catch (error) {
    if (context.signal.aborted) throw error;
    if (error instanceof UploadRefused) {
      throw partFailed(part, context, { what: `failed: ${error.message}`, cause: error });
    }
    if (connectionFailureOf(error) !== undefined) {
      throw partFailed(part, context, { what: 'lost the connection to the build VM', cause: error });
    }
    throw error;
  }
}
