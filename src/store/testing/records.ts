/** Records to write in tests. */
import { randomUUID } from 'node:crypto';
import type { OperationRecord, ResourceDraft, ServiceRun } from '../records.ts';

const subscriptionId = '00000000-0000-0000-0000-00000000000A';
const at = '2025-01-02T03:04:05.678Z';

/** A storage account called `name` in a group that is called `RG` unless `change` says another. */
export function sampleResource(name: string, change: Partial<ResourceDraft> = {}): ResourceDraft {
  const resourceGroup = change.resourceGroup ?? 'RG';
  const type = change.type ?? 'Microsoft.Storage/storageAccounts';
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`,
    type,
    name,
    subscriptionId,
    resourceGroup,
    location: 'westus2',
    tags: {},
    body: {},
    secret: undefined,
    createdAt: at,
    createdBy: 'somebody',
    createdByType: 'Application',
    changedAt: at,
    changedBy: 'somebody',
    changedByType: 'User',
    ...change,
  };
}

export function sampleOperation(change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: randomUUID(),
    subscriptionId,
    namespace: 'Microsoft.Storage',
    location: 'westus2',
    resourceId: sampleResource('a').id,
    kind: 'storageAccounts/write',
    status: 'InProgress',
    startTime: at,
    endTime: undefined,
    percentComplete: undefined,
    error: undefined,
    result: undefined,
    ...change,
  };
}

export function sampleRun(templateId: string, change: Partial<ServiceRun> = {}): ServiceRun {
  return {
    id: randomUUID(),
    templateId,
    operationId: randomUUID(),
    state: 'Running',
    subState: 'Queued',
    requestedAt: at,
    startedAt: undefined,
    endedAt: undefined,
    message: '',
    cancelRequested: false,
    epoch: 0,
    worker: undefined,
    leaseUntil: undefined,
    needs: { cpus: 2, memoryBytes: 4 * 1024 ** 3, diskBytes: 30 * 1024 ** 3 },
    record: undefined,
    input: {},
    ...change,
  };
}
