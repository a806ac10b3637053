/**
 * PUT of an image version. Made from an image of this service a version is there at once, made from a VHD it takes
 * a job. What it was made from never changes; where it is offered does.
 */
import { ArmError } from '../../../arm/arm-error.ts';
import { parseVersion } from '../../../images/versions.ts';
import { plainJson, type JsonObject } from '../../../model/json.ts';
import type { ResourceDraft, ResourceRecord } from '../../../store/records.ts';
import { requireLocation } from '../../arm/locations.ts';
import { acceptedHeaders, startOperation } from '../../arm/long-running.ts';
import { readBody } from '../../arm/request-body.ts';
import { concurrentChange, locationCannotChange, parentResourceNotFound } from '../../arm/resource-errors.ts';
import { stamp } from '../../arm/system-data.ts';
import type { ArmReply, ArmRequest } from '../../resource-provider.ts';
import { COMPUTE, VERSION_TYPE, type ComputeDeps } from '../compute-deps.ts';
import { asArmError, invalidParameter, propertyChangeNotAllowed } from '../compute-errors.ts';
import { sendImport } from '../import-queue.ts';
import { openStoredSource } from '../stored-source.ts';
import { objectAt, propertiesOf, textAt } from '../stored-fields.ts';
import { publishVersion, versionIdOf } from './publish-version.ts';
import {
  publishingOf,
  versionBody,
  versionProperties,
  versionWire,
  type Publishing,
  type VersionProperties,
} from './version-body.ts';

interface Write {
  readonly request: ArmRequest;
  readonly given: VersionProperties;
  readonly location: string;
  readonly publishing: Publishing;
  readonly tags: Readonly<Record<string, string>>;
  readonly before: ResourceRecord | undefined;
}

/**
 * PUT of the body `input`, which a PATCH has put together.
 * @throws ArmError 400, 404 for a missing definition or source, 409 for what cannot change.
 */
export async function writeVersion(
  deps: ComputeDeps,
  request: ArmRequest,
  input: unknown,
): Promise<ArmReply> {
  const { target } = request;
  if (parseVersion(target.names.at(-1) ?? '') === undefined) {
    throw invalidParameter(
      'galleryImageVersionName',
      'The name of an image version is three numbers with dots between them, each at most 2147483647.',
    );
  }
  const definitionId = target.id.split('/').slice(0, -2).join('/');
  if ((await deps.store.resources.get(definitionId)) === undefined) throw parentResourceNotFound(target);
  const body = readBody({ body: input }, versionBody);
  const location = requireLocation(body.location, VERSION_TYPE);
  const before = await deps.store.resources.get(target.id);
  if (before?.location !== undefined && before.location !== location) {
    throw locationCannotChange(target, before.location, location);
  }
  const publishing = publishingOf(body.properties, location);
  const write: Write = {
    ...{ request, location, publishing, before, given: body.properties },
    tags: body.tags ?? before?.tags ?? {},
  };
  const state = before === undefined ? undefined : propertiesOf(before)['provisioningState'];
  if (before !== undefined && state === 'Succeeded') return updateVersion(deps, write, before);
  if (state === 'Creating') {
    throw new ArmError(409, 'Conflict', `The image version '${before?.name ?? ''}' is being made.`);
  }
  return createVersion(deps, write);
}

async function createVersion(deps: ComputeDeps, write: Write): Promise<ArmReply> {
  const { storageProfile } = write.given;
  if ((storageProfile.dataDiskImages ?? []).length > 0) {
    throw invalidParameter(
      'galleryImageVersion.properties.storageProfile.dataDiskImages',
      'Image versions with data disks are not supported by this service.',
    );
  }
  const { source } = storageProfile;
  const sourceId = source?.id ?? source?.virtualMachineId ?? storageProfile.osDiskImage?.source?.id;
  const uri = storageProfile.osDiskImage?.source?.uri;
  if (uri !== undefined && source?.id === undefined) return startVersion(deps, write, uri);
  if (sourceId === undefined) {
    throw invalidParameter(
      'galleryImageVersion.properties.storageProfile',
      'An image version needs a source: storageProfile.source.id, or storageProfile.osDiskImage.source.uri.',
    );
  }
  using images = deps.openImages();
  try {
    const facts = await openStoredSource(images, sourceId);
    const { request, location, publishing, tags, given } = write;
    const published = publishVersion(images, facts, {
      ...{ id: request.target.id, location, publishing, tags, origin: { source: sourceId } },
    });
    const properties = versionProperties(given, {
      ...{ publishing, diskBytes: facts.virtualSizeBytes, publishedAt: published.createdAt },
    });
    return await store(deps, write, { ...properties, provisioningState: 'Succeeded' });
  } catch (error) {
    throw asArmError(error);
  }
}

async function startVersion(deps: ComputeDeps, write: Write, uri: string): Promise<ArmReply> {
  if (deps.blobs.locate(uri) === undefined) {
    throw invalidParameter(
      'galleryImageVersion.properties.storageProfile.osDiskImage.source.uri',
      'The VHD must be a blob in a storage account of this service.',
    );
  }
  const properties = versionProperties(write.given, {
    ...{ publishing: write.publishing, diskBytes: undefined, publishedAt: deps.now().toISOString() },
  });
  return store(deps, write, { ...properties, provisioningState: 'Creating' }, true);
}

async function updateVersion(deps: ComputeDeps, write: Write, before: ResourceRecord): Promise<ArmReply> {
  const old = propertiesOf(before);
  const { source, osDiskImage } = write.given.storageProfile;
  const storage = objectAt(old, 'storageProfile');
  const target = 'galleryImageVersion.properties.storageProfile';
  if (changes(objectAt(storage, 'source'), source)) throw propertyChangeNotAllowed(`${target}.source.id`);
  if (changes(objectAt(storage, 'osDiskImage', 'source'), osDiskImage?.source)) {
    throw propertyChangeNotAllowed(`${target}.osDiskImage.source`);
  }
  const { publishing, tags } = write;
  const publishedAt = textAt(objectAt(old, 'publishingProfile'), 'publishedDate');
  const next = versionProperties(write.given, {
    ...{ publishing, diskBytes: undefined, publishedAt },
  });
  using images = deps.openImages();
  images.updateGalleryVersion(versionIdOf(before.id), {
    ...{ excludeFromLatest: publishing.excludeFromLatest, targetRegions: publishing.regions, tags },
  });
  return await store(deps, write, { ...next, storageProfile: storage, provisioningState: 'Succeeded' });
}

/** What is given must be what is there; what is left out, or empty, asks for nothing. */
function changes(before: JsonObject, given: object | undefined): boolean {
  const wanted = plainJson(given);
  return Object.keys(wanted).some(
    (name) => textAt(before, name).toLowerCase() !== textAt(wanted, name).toLowerCase(),
  );
}

async function store(
  deps: ComputeDeps,
  write: Write,
  properties: JsonObject,
  imports = false,
): Promise<ArmReply> {
  const { request, location, tags, before } = write;
  const { target, principal } = request;
  const draft: ResourceDraft = {
    id: before?.id ?? target.id,
    type: VERSION_TYPE,
    name: before?.name ?? target.names.at(-1) ?? '',
    subscriptionId: target.subscriptionId ?? '',
    resourceGroup: before?.resourceGroup ?? target.resourceGroup,
    ...{ location, tags, body: { properties }, secret: undefined },
    ...stamp(principal, deps.now(), before),
  };
  const { record, operation } = await deps.store.transaction(async (repositories) => {
    const { resources } = repositories;
    const written =
      before === undefined ? await resources.insert(draft) : await resources.replace(draft, before.etag);
    if (written === undefined) throw concurrentChange(target);
    if (!imports) return { record: written, operation: undefined };
    const started = await startOperation(repositories, request, {
      ...{ namespace: COMPUTE, location, resourceId: written.id, kind: 'galleries/images/versions/write' },
      now: deps.now(),
    });
    await sendImport(repositories, written.id, started.id);
    return { record: written, operation: started };
  });
  return {
    status: before === undefined ? 201 : 200,
    body: versionWire(record, request),
    ...(operation === undefined ? {} : { headers: acceptedHeaders(request, operation, { style: 'status' }) }),
  };
}
