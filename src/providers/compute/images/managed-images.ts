/** `Microsoft.Compute/images`: made by builds, or from a VHD in a storage account. */
import type { ResourceDraft, ResourceRecord } from '../../../store/records.ts';
import type { ResourceFilter } from '../../../store/store.ts';
import { requireLocation } from '../../arm/locations.ts';
import { acceptedHeaders, startOperation } from '../../arm/long-running.ts';
import { pageOf, pageReply } from '../../arm/paging.ts';
import { readBody } from '../../arm/request-body.ts';
import { concurrentChange, locationCannotChange, resourceNotFound } from '../../arm/resource-errors.ts';
import { stamp } from '../../arm/system-data.ts';
import { wireOf } from '../../arm/wire-of.ts';
import type { ArmHandler, ArmReply, ArmRequest, ResourceTypeDefinition } from '../../resource-provider.ts';
import { COMPUTE, computeVersions, IMAGE_TYPE, type ComputeDeps } from '../compute-deps.ts';
import { invalidParameter, propertyChangeNotAllowed, sourceNotFound } from '../compute-errors.ts';
import { sendImport } from '../import-queue.ts';
import { removeBytes } from '../remove-bytes.ts';
import { objectAt, propertiesOf } from '../stored-fields.ts';
import { imageBody, imageProperties, type ImageProperties } from './image-body.ts';

export function managedImages(deps: ComputeDeps): ResourceTypeDefinition {
  return {
    type: 'images',
    apiVersions: computeVersions,
    location: 'regional',
    get: async (request) => ({ status: 200, body: imageWire(await find(deps, request)) }),
    put: putImage(deps),
    patch: patchImage(deps),
    delete: deleteImage(deps),
    list: listImages(deps),
    listInSubscription: listImages(deps),
  };
}

function imageWire(record: ResourceRecord): object {
  return wireOf(record, { systemData: false });
}

async function find({ store }: ComputeDeps, request: ArmRequest): Promise<ResourceRecord> {
  const record = await store.resources.get(request.target.id);
  if (record === undefined) throw resourceNotFound(request.target);
  return record;
}

function putImage(deps: ComputeDeps): ArmHandler {
  return async (request) => {
    const body = readBody(request, imageBody);
    const location = requireLocation(body.location, IMAGE_TYPE);
    const before = await deps.store.resources.get(request.target.id);
    if (before?.location !== undefined && before.location !== location) {
      throw locationCannotChange(request.target, before.location, location);
    }
    if (before !== undefined && propertiesOf(before)['provisioningState'] !== 'Failed') {
      requireSame(before, body.properties);
      return changeTags(deps, request, before, body.tags ?? before.tags);
    }
    requireVhd(deps, body.properties);
    const draft: ResourceDraft = {
      id: before?.id ?? request.target.id,
      type: IMAGE_TYPE,
      name: before?.name ?? request.target.names[0] ?? '',
      subscriptionId: request.target.subscriptionId ?? '',
      resourceGroup: before?.resourceGroup ?? request.target.resourceGroup,
      ...{ location, tags: body.tags ?? {}, secret: undefined },
      body: { properties: { ...imageProperties(body.properties), provisioningState: 'Creating' } },
      ...stamp(request.principal, deps.now(), before),
    };
    return startImage(deps, request, draft, before);
  };
}

async function startImage(
  deps: ComputeDeps,
  request: ArmRequest,
  draft: ResourceDraft,
  before: ResourceRecord | undefined,
): Promise<ArmReply> {
  const { record, operation } = await deps.store.transaction(async (repositories) => {
    const { resources } = repositories;
    const written =
      before === undefined ? await resources.insert(draft) : await resources.replace(draft, before.etag);
    if (written === undefined) throw concurrentChange(request.target);
    const started = await startOperation(repositories, request, {
      ...{ namespace: COMPUTE, location: written.location, resourceId: written.id, kind: 'images/write' },
      now: deps.now(),
    });
    await sendImport(repositories, written.id, started.id);
    return { record: written, operation: started };
  });
  return {
    status: 201,
    body: imageWire(record),
    headers: acceptedHeaders(request, operation, { style: 'status' }),
  };
}

/** @throws ArmError when there is nothing here that the image can be made from. */
function requireVhd({ blobs }: ComputeDeps, given: ImageProperties): void {
  const target = 'image.properties.storageProfile.osDisk';
  const machine = given.sourceVirtualMachine?.id;
  if (machine !== undefined) throw sourceNotFound(machine);
  const osDisk = given.storageProfile?.osDisk;
  const disk = osDisk?.managedDisk?.id ?? osDisk?.snapshot?.id;
  if (disk !== undefined) throw sourceNotFound(disk);
  if (osDisk?.blobUri === undefined) {
    throw invalidParameter(
      target,
      "Required parameter 'image.properties.storageProfile.osDisk.blobUri' is missing (null).",
    );
  }
  if (osDisk.osState !== 'Generalized') {
    throw invalidParameter(`${target}.osState`, 'This service keeps generalized images only.');
  }
  if ((given.storageProfile?.dataDisks ?? []).length > 0) {
    throw invalidParameter(
      'image.properties.storageProfile.dataDisks',
      'Images with data disks are not supported by this service.',
    );
  }
  if (blobs.locate(osDisk.blobUri) === undefined) {
    throw invalidParameter(
      `${target}.blobUri`,
      'The VHD must be a blob in a storage account of this service.',
    );
  }
}

/** An image is what it was made from; a second PUT may say the same again. */
function requireSame(before: ResourceRecord, given: ImageProperties): void {
  const old = propertiesOf(before);
  if (given.hyperVGeneration !== undefined && given.hyperVGeneration !== old['hyperVGeneration']) {
    throw propertyChangeNotAllowed('hyperVGeneration');
  }
  const disk = objectAt(old, 'storageProfile', 'osDisk');
  for (const name of ['osType', 'osState', 'blobUri'] as const) {
    const wanted = given.storageProfile?.osDisk?.[name];
    if (wanted !== undefined && wanted !== disk[name]) throw propertyChangeNotAllowed(`osDisk.${name}`);
  }
}

function patchImage(deps: ComputeDeps): ArmHandler {
  return async (request) => {
    const before = await find(deps, request);
    const { tags } = readBody(request, imageBody.pick({ tags: true }));
    return changeTags(deps, request, before, tags ?? before.tags);
  };
}

async function changeTags(
  deps: ComputeDeps,
  request: ArmRequest,
  before: ResourceRecord,
  tags: Readonly<Record<string, string>>,
): Promise<ArmReply> {
  const { etag, ...draft } = before;
  const stamped = { ...draft, tags, ...stamp(request.principal, deps.now(), before) };
  const record = await deps.store.resources.replace(stamped, etag);
  if (record === undefined) throw concurrentChange(request.target);
  return { status: 200, body: imageWire(record) };
}

function deleteImage(deps: ComputeDeps): ArmHandler {
  return async (request) => {
    const record = await deps.store.resources.get(request.target.id);
    if (record === undefined) return { status: 204 };
    removeBytes(deps, record.id);
    await deps.store.resources.remove(record.id);
    return { status: 200 };
  };
}

function listImages({ store }: ComputeDeps): ArmHandler {
  return async (request) => {
    const { subscriptionId, resourceGroup } = request.target;
    const filter: ResourceFilter = {
      type: IMAGE_TYPE,
      ...(subscriptionId === undefined ? {} : { subscriptionId }),
      ...(resourceGroup === undefined ? {} : { resourceGroup }),
    };
    return pageReply(request, await store.resources.list(filter, pageOf(request)), imageWire);
  };
}
