/** Fetches the scripts and files of a template, checks them and copies them to its staging account (reference 2.1). */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchArtifacts, type Artifacts } from '../../../guest/artifacts/fetch-artifacts.ts';
import { isGoldsmithError } from '../../../model/errors.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import type { StagingOwner } from '../staging/staging-group.ts';
import type { Staging, Submission } from '../template-record.ts';
import { privateBlobs } from './private-blobs.ts';
import { SubmissionError } from './submission-error.ts';

/** Container of the copies. */
export const artifactContainer = 'artifacts';

type Dependencies = Pick<ImageBuilderDependencies, 'store' | 'access' | 'blobs' | 'workFolder' | 'downloads'>;

/**
 * Copies each distinct address once, under a name that its checksum makes.
 * @throws SubmissionError when one cannot be fetched or is another file than the template says.
 */
export async function stageArtifacts(
  dependencies: Dependencies,
  { template, principalId }: Pick<StagingOwner, 'template' | 'principalId'>,
  staging: Staging,
  signal: AbortSignal,
): Promise<Submission['artifacts']> {
  await mkdir(dependencies.workFolder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(dependencies.workFolder, 'submit-'));
  try {
    const fetched = await fetchAll(dependencies, { template, principalId }, join(folder, 'files'), signal);
    const staged: Submission['artifacts'] = [];
    for (const [uri, { localPath, sizeBytes, sha256 }] of fetched) {
      const place = { container: artifactContainer, blob: sha256 };
      await dependencies.blobs.putFile({
        account: staging.storageAccount,
        ...place,
        path: localPath,
        signal,
      });
      staged.push({ uri, container: place.container, blobName: place.blob, sizeBytes, sha256 });
    }
    return staged;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchAll(
  dependencies: Dependencies,
  { template, principalId }: Pick<StagingOwner, 'template' | 'principalId'>,
  destination: string,
  signal: AbortSignal,
): Promise<Artifacts> {
  const { downloads } = dependencies;
  try {
    // No template folder: a request must not read files of the machine that serves it.
    return await fetchArtifacts(template, {
      templateFolder: undefined,
      destination,
      fetchOwn: privateBlobs(dependencies, principalId),
      signal,
      ...(downloads === undefined ? {} : { policy: downloads }),
    });
  } catch (error) {
    if (!isGoldsmithError(error) || error.code === 'Cancelled') throw error;
    const target = error.details[0]?.target ?? '';
    const code = target.includes('.inVMValidations') ? 'NoValidatorScript' : 'NoCustomizerScript';
    throw new SubmissionError(code, error.message, { details: error.details, cause: error });
  }
}
