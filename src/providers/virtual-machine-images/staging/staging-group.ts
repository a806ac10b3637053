/**
 * The staging resource group of a template (reference 2.2): made by the service, made under the name that the
 * template gives, or a group that was there before and is empty.
 */
import { parseResourceGroupId } from '../../../arm/known-resource-ids.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { listAll } from '../../../store/list-all.ts';
import type { Store } from '../../../store/store.ts';
import { locationName } from '../../arm/locations.ts';
import { assignRole } from '../../../identity/access/assign-role.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { SubmissionError } from '../submit/submission-error.ts';
import { propertiesOf, type Staging } from '../template-record.ts';
import { stagingAccountName, stagingGroupName } from './staging-name.ts';
import { untilResource } from './until-resource.ts';

type Dependencies = Pick<
  ImageBuilderDependencies,
  'store' | 'dispatch' | 'servicePrincipal' | 'access' | 'newId' | 'now'
>;

export interface StagingOwner {
  readonly record: ResourceRecord;
  readonly template: ImageTemplate;
  /** Object id of the template's identity. */
  readonly principalId: string | undefined;
}

/** Tags that say whose a group is; one that carries them belongs to a template. */
const ownerTags = ['imageTemplateName', 'imageTemplateResourceGroupName'] as const;

/** Azure's GUID of the role Contributor. */
const contributorRole = 'b24988ac-6180-42a0-ab88-20f7382dd24c';

export function stagingGroupId(
  record: Pick<ResourceRecord, 'subscriptionId'>,
  { resourceGroup }: Staging,
): string {
  return `/subscriptions/${record.subscriptionId}/resourceGroups/${resourceGroup}`;
}

/**
 * Decides where the template stages, and makes nothing yet.
 * @throws SubmissionError `BadStagingResourceGroup`.
 */
export async function planStaging(dependencies: Dependencies, owner: StagingOwner): Promise<Staging> {
  const { record, template } = owner;
  const storageAccount = stagingAccountName(dependencies.newId());
  if (template.stagingResourceGroup === undefined) {
    const resourceGroup = stagingGroupName(record.resourceGroup ?? '', record.name, dependencies.newId());
    return { resourceGroup, storageAccount, ownership: 'made' };
  }
  const wanted = parseResourceGroupId(template.stagingResourceGroup);
  if (wanted?.subscriptionId.toLowerCase() !== record.subscriptionId.toLowerCase()) {
    throw refusal(`'${template.stagingResourceGroup}' is not in the subscription of the template`);
  }
  const existing = await dependencies.store.resources.get(template.stagingResourceGroup);
  if (existing === undefined) {
    return { resourceGroup: wanted.resourceGroup, storageAccount, ownership: 'made' };
  }
  await requireUsable(dependencies, owner, existing);
  return { resourceGroup: existing.name, storageAccount, ownership: 'given' };
}

/** Makes what `planStaging` decided, or finds it made. @returns the id of the group. */
export async function makeStaging(
  dependencies: Dependencies,
  { record, template, principalId }: StagingOwner,
  staging: Staging,
  signal: AbortSignal,
): Promise<string> {
  const id = stagingGroupId(record, staging);
  const before = await dependencies.store.resources.get(id);
  const tags = {
    ...(staging.ownership === 'made' ? { createdBy: 'AzureVMImageBuilder' } : before?.tags),
    ...(staging.ownership === 'given' ? { usedBy: 'AzureVMImageBuilder' } : {}),
    ...template.managedResourceTags,
    imageTemplateName: record.name,
    imageTemplateResourceGroupName: record.resourceGroup ?? '',
  };
  const location = template.location;
  await ask(dependencies, 'PUT', id, { location: before?.location ?? location, tags }, signal);
  if (staging.ownership === 'made' && principalId !== undefined) {
    await assignRole(dependencies.store.resources, {
      ...{ scope: id, role: contributorRole, principalId, principalType: 'ServicePrincipal' },
      ...{ by: dependencies.servicePrincipal, now: dependencies.now() },
    });
  }
  const account = `${id}/providers/Microsoft.Storage/storageAccounts/${staging.storageAccount}`;
  await ask(
    dependencies,
    'PUT',
    account,
    {
      location,
      kind: 'StorageV2',
      sku: { name: 'Standard_ZRS' },
      tags: template.managedResourceTags,
      properties: {},
    },
    signal,
  );
  await untilResource(dependencies.store, account, isProvisioned, signal);
  return id;
}

/** Removes what was made, and leaves a group that was there before empty and without our tags. */
export async function removeStaging(
  dependencies: Pick<Dependencies, 'store' | 'dispatch' | 'servicePrincipal'>,
  record: ResourceRecord,
  staging: Staging,
  signal: AbortSignal,
): Promise<void> {
  const { store } = dependencies;
  const id = stagingGroupId(record, staging);
  const group = await store.resources.get(id);
  if (group === undefined || !isOwnedBy(group, record)) return;
  if (staging.ownership === 'made') {
    await ask(dependencies, 'DELETE', id, undefined, signal);
    await untilResource(store, id, (found) => found === undefined, signal);
    return;
  }
  for await (const content of contentOf(store, id)) {
    await ask(dependencies, 'DELETE', content.id, undefined, signal);
    await untilResource(store, content.id, (found) => found === undefined, signal);
  }
  const { usedBy: _, imageTemplateName: __, imageTemplateResourceGroupName: ___, ...tags } = group.tags;
  await ask(dependencies, 'PUT', id, { location: group.location, tags }, signal);
}

async function requireUsable(
  { store, access }: Dependencies,
  { record, template, principalId }: StagingOwner,
  group: ResourceRecord,
): Promise<void> {
  if (locationName(group.location ?? '') !== template.location) {
    throw refusal(
      `'${group.name}' is in ${group.location ?? 'no region'}, the template in ${template.location}`,
    );
  }
  if (ownerTags.some((name) => name in group.tags)) {
    throw refusal(
      `'${group.name}' is used by another image template: it has the tags ${ownerTags.join(', ')}`,
    );
  }
  if (group.id.toLowerCase() === record.id.split('/providers/')[0]?.toLowerCase()) {
    throw refusal(`'${group.name}' is the resource group of the template itself`);
  }
  for await (const content of contentOf(store, group.id)) {
    throw refusal(`'${group.name}' is not empty: it holds ${content.type} '${content.name}'`);
  }
  const action = 'Microsoft.Compute/virtualMachines/write';
  if (principalId === undefined || !(await access.allowed({ objectId: principalId }, action, group.id))) {
    throw refusal(`The identity of the template is neither Contributor nor Owner of '${group.name}'`);
  }
}

function isOwnedBy(group: ResourceRecord, template: ResourceRecord): boolean {
  return (
    group.tags['imageTemplateName'] === template.name &&
    group.tags['imageTemplateResourceGroupName'] === (template.resourceGroup ?? '')
  );
}

/** What is in a group itself: no children of other resources, and none of the rights and locks on the group. */
async function* contentOf(
  { resources }: Pick<Store, 'resources'>,
  groupId: string,
): AsyncGenerator<ResourceRecord> {
  for await (const record of listAll(resources, { under: groupId })) {
    const [namespace = '', ...pairs] = record.id.slice(`${groupId}/providers/`.length).split('/');
    if (pairs.length === 2 && namespace.toLowerCase() !== 'microsoft.authorization') yield record;
  }
}

function isProvisioned(record: ResourceRecord | undefined): boolean {
  if (record === undefined) return false;
  const state = propertiesOf(record)['provisioningState'];
  return state === undefined || state === 'Succeeded';
}

async function ask(
  { dispatch, servicePrincipal }: Pick<Dependencies, 'dispatch' | 'servicePrincipal'>,
  method: 'PUT' | 'DELETE',
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<void> {
  const reply = await dispatch({
    method,
    path,
    body,
    principal: servicePrincipal,
    correlationId: '',
    signal,
  });
  if (reply.status >= 400) {
    throw new Error(`${method} ${path} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
}

function refusal(problem: string): SubmissionError {
  return new SubmissionError(
    'BadStagingResourceGroup',
    `The staging resource group cannot be used: ${problem}.`,
  );
}
