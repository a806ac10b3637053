/**
 * Hands the results of a build on to clients: images as resources, VHDs as blobs, and a run output for each.
 * Everything can be done again after an interruption.
 */
import { basename } from 'node:path';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { Target } from '../../model/image-template.ts';
import type { Artifact, RunRecord } from '../../model/run.ts';
import type { ResourceDraft } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { RunInput } from '../run-input.ts';
import type { BlobPlace, ImageRegistry, StagingFiles } from '../run-ports.ts';
import { RUN_OUTPUT_TYPE, type RunOutputBody } from '../run-service.ts';

export interface DeliveryContext {
  readonly store: Store;
  readonly files: StagingFiles;
  readonly images: ImageRegistry;
  readonly now: () => number;
  readonly runId: string;
  readonly templateId: string;
  readonly input: RunInput;
  readonly signal: AbortSignal;
  /** Told of causes that are no sentence for tenants. */
  readonly onError: (error: unknown) => void;
}

export interface FailedTarget {
  readonly runOutputName: string;
  readonly error: GoldsmithError;
}

/** Container of VHDs without an address of their own (reference 2.2). */
const VHD_CONTAINER = 'vhds';

/**
 * @returns the targets whose result could not be handed on.
 * @throws GoldsmithError `Cancelled`.
 */
export async function deliver(
  record: Pick<RunRecord, 'artifacts'>,
  context: DeliveryContext,
): Promise<readonly FailedTarget[]> {
  const failed: FailedTarget[] = [];
  for (const artifact of record.artifacts) {
    const { runOutputName } = artifact;
    try {
      const properties = await handOn(artifact, context);
      if (properties !== undefined) await writeOutput(runOutputName, properties, context);
    } catch (cause) {
      if (context.signal.aborted) {
        throw new GoldsmithError('Cancelled', 'The distribution was cancelled', { cause });
      }
      if (!isGoldsmithError(cause)) context.onError(cause);
      const error = isGoldsmithError(cause)
        ? cause
        : new GoldsmithError('DistributeFailed', 'The result could not be handed on', { cause });
      failed.push({ runOutputName, error });
    }
  }
  return failed;
}

async function handOn(
  artifact: Artifact,
  context: DeliveryContext,
): Promise<RunOutputBody['properties'] | undefined> {
  const { kind, artifactId } = artifact;
  const { input, images, templateId, runId } = context;
  switch (kind) {
    case 'ManagedImage':
    case 'SharedImage': {
      if (artifactId === undefined) throw new GoldsmithError('Internal', 'An image without an id');
      const target = input.template.distribute.find((one) => one.runOutputName === artifact.runOutputName);
      await images.register({
        artifact: { ...artifact, kind, artifactId },
        location: target?.type === 'ManagedImage' ? target.location : input.template.location,
        ...{ templateId, runId },
      });
      return { provisioningState: 'Succeeded', artifactId };
    }
    case 'VHD': {
      const place = placeOfVhd(artifact, context);
      const artifactUri = await context.files.uploadVhd(place, artifact.path, context.signal);
      // the file stays until the run has ended: after an interruption it is uploaded again
      return { provisioningState: 'Succeeded', artifactUri };
    }
    case 'Copy':
      return undefined;
    default:
      kind satisfies never;
      throw new GoldsmithError('Internal', 'Unknown kind of artifact');
  }
}

/** The blob that the template names, or one in the staging account. */
function placeOfVhd(artifact: Artifact, { input, files, runId }: DeliveryContext): BlobPlace {
  const target = input.template.distribute.find((one) => one.runOutputName === artifact.runOutputName);
  const uri = target?.type === 'VHD' ? target.uri : undefined;
  if (uri === undefined || uri === '') {
    return {
      account: input.staging.storageAccount,
      container: VHD_CONTAINER,
      name: `${runId}/${basename(artifact.path)}`,
    };
  }
  const place = files.placeOf(uri);
  if (place !== undefined) return place;
  throw new GoldsmithError('DistributeFailed', `"${uri}" names no storage account of this service`, {
    hint: 'Use the blob endpoint of a storage account here, or leave uri out.',
  });
}

async function writeOutput(
  name: string,
  properties: RunOutputBody['properties'],
  { store, templateId, now }: DeliveryContext,
): Promise<void> {
  const body: RunOutputBody = { properties };
  const at = new Date(now()).toISOString();
  await store.transaction(async ({ resources }) => {
    const template = await resources.get(templateId);
    if (template === undefined) return; // nobody could see it
    const id = `${template.id}/runOutputs/${name}`;
    const before = await resources.get(id);
    const by = { changedAt: at, changedBy: template.createdBy, changedByType: template.createdByType };
    const draft: ResourceDraft = {
      id: before?.id ?? id,
      type: RUN_OUTPUT_TYPE,
      name,
      subscriptionId: template.subscriptionId,
      resourceGroup: template.resourceGroup,
      location: undefined,
      tags: {},
      body,
      secret: undefined,
      createdAt: before?.createdAt ?? at,
      createdBy: template.createdBy,
      createdByType: template.createdByType,
      ...by,
    };
    if (before === undefined) await resources.insert(draft);
    else await resources.replace(draft);
  });
}

/** Names of the template's targets that have no artifact. */
export function missingTargets(
  targets: readonly Target[],
  artifacts: readonly Pick<Artifact, 'runOutputName'>[],
): readonly string[] {
  const there = new Set(artifacts.map(({ runOutputName }) => runOutputName));
  return targets.map(({ runOutputName }) => runOutputName).filter((name) => !there.has(name));
}
