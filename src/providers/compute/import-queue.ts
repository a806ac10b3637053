/**
 * Images that are made from a VHD in a storage account: too long for a request, so that the row says `Creating`
 * and a job does the work. Doing it twice does no harm.
 */
import { rm } from 'node:fs/promises';
import { allocatedSizeBytes } from '../../disk/allocated-size.ts';
import { digestDisk } from '../../disk/disk-digest.ts';
import { importToRaw } from '../../disk/untrusted/import-to-raw.ts';
import type { ImageStore } from '../../images/store/image-store.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Generation, OsType } from '../../model/image-template.ts';
import type { ImageFacts } from '../../model/image.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { Job, JobWorker, Repositories } from '../../store/store.ts';
import { endOperation } from '../arm/long-running.ts';
import { IMAGE_TYPE, type ComputeDeps } from './compute-deps.ts';
import { asOperationError } from './compute-errors.ts';
import { finishVersion } from './galleries/import-version.ts';
import { finishImage } from './images/import-managed-image.ts';
import { removeBytes } from './remove-bytes.ts';
import { propertiesOf } from './stored-fields.ts';

const QUEUE = 'compute-imports';
const ATTEMPTS = 3;

/** What the bytes of a VHD do not say. */
export interface ImportTraits {
  readonly osType: OsType;
  readonly generation: Generation;
  readonly architecture: 'x64' | 'Arm64';
}

/** How one kind of image is made of a VHD. */
export interface ImportPlan {
  readonly blobUri: string;
  readonly traits: ImportTraits;
  /** Names the content and says what the row must hold then. */
  readonly publish: (images: ImageStore, facts: ImageFacts) => JsonObject;
}

/** Sends the job in the transaction that writes the row. */
export async function sendImport(
  repositories: Pick<Repositories, 'jobs'>,
  resourceId: string,
  operationId: string,
): Promise<void> {
  await repositories.jobs.send(QUEUE, { resourceId, operationId }, { singletonKey: operationId });
}

/** Takes import jobs in this process. */
export async function startImports(deps: ComputeDeps): Promise<JobWorker> {
  const options = { concurrency: 1, heartbeatSeconds: 30, retries: ATTEMPTS - 1 };
  return deps.store.work(QUEUE, options, async (job) => runImport(deps, job));
}

async function runImport(deps: ComputeDeps, job: Job): Promise<void> {
  const { resourceId, operationId } = job.data;
  if (typeof resourceId !== 'string' || typeof operationId !== 'string') return;
  const record = await deps.store.resources.get(resourceId);
  if (record === undefined) {
    const error = { code: 'OperationPreempted', message: 'The resource was deleted while it was made.' };
    await endOperation(deps.store, operationId, { status: 'Canceled', error });
    return;
  }
  try {
    const properties = await importRecord(deps, record, job.signal);
    await finish(deps, record, operationId, properties);
  } catch (error) {
    if (job.signal.aborted) throw error; // the service is closing: the next one goes on
    const known = asOperationError(error);
    if (known.code === 'InternalOperationError' && job.attempt < ATTEMPTS) throw error;
    await deps.store.transaction(async (repositories) => {
      await setProperties(repositories, resourceId, { provisioningState: 'Failed' });
      await endOperation(repositories, operationId, { status: 'Failed', error: known });
    });
  }
}

/** @returns what the properties of the row must hold then. */
async function importRecord(
  deps: ComputeDeps,
  record: ResourceRecord,
  signal: AbortSignal,
): Promise<JsonObject> {
  const plan = record.type === IMAGE_TYPE ? finishImage(record) : await finishVersion(deps, record);
  const place = deps.blobs.locate(plan.blobUri);
  if (place === undefined) throw notHere(plan.blobUri);
  using images = deps.openImages();
  const [vhd, raw] = [images.stagingPath(), images.stagingPath()];
  try {
    await deps.blobs.getFile({ ...place, path: vhd, signal });
    const { format, sizeBytes: virtualSizeBytes } = await importToRaw(vhd, raw, { signal });
    if (format !== 'vhd') {
      throw new GoldsmithError('ImageRefused', `The blob is a ${format} file; a fixed VHD is wanted`);
    }
    await rm(vhd, { force: true });
    const digest = await digestDisk(raw, { sizeBytes: virtualSizeBytes, signal });
    const facts = await images.addContent(
      {
        ...{ path: raw, virtualSizeBytes, digest, ...plan.traits, provisioning: 'azure' },
        allocatedSizeBytes: await allocatedSizeBytes(raw),
      },
      { move: true, signal },
    );
    return plan.publish(images, facts);
  } finally {
    for (const path of [vhd, raw]) await rm(path, { force: true });
  }
}

async function finish(
  deps: ComputeDeps,
  record: ResourceRecord,
  operationId: string,
  properties: JsonObject,
): Promise<void> {
  const written = await deps.store.transaction(async (repositories) => {
    const there = await setProperties(repositories, record.id, {
      ...properties,
      provisioningState: 'Succeeded',
    });
    await endOperation(repositories, operationId, { status: 'Succeeded' });
    return there;
  });
  if (written) return;
  // Deleted meanwhile: what was published has no row and goes again.
  removeBytes(deps, record.id);
}

/** Changes what others may have changed meanwhile, tags for example. @returns false when the row is gone. */
async function setProperties({ resources }: Repositories, id: string, change: JsonObject): Promise<boolean> {
  for (;;) {
    const record = await resources.get(id);
    if (record === undefined) return false;
    const { etag, ...draft } = record;
    const properties = { ...propertiesOf(record), ...change };
    if ((await resources.replace({ ...draft, body: { ...draft.body, properties } }, etag)) !== undefined) {
      return true;
    }
  }
}

function notHere(uri: string): GoldsmithError {
  return new GoldsmithError('SourceNotFound', `"${uri}" is not a blob in a storage account of this service`);
}
