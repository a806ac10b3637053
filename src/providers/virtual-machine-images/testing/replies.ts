/** What tests of the image builder look at in answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { completeLinuxBody, smallBody } from '../../../arm/testing/template-bodies.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { OperationRecord } from '../../../store/records.ts';
import type { ArmReply } from '../../resource-provider.ts';
import { send } from '../../testing/arm-request.ts';
import { identityId, templates, type ImageBuilderService } from './image-builder-service.ts';

export const newest = 'api-version=2025-10-01';
export const templateId = `${templates}/web`;

export const withIdentity: JsonObject = {
  ...smallBody,
  identity: { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } },
};

export function withProperties(properties: JsonObject): JsonObject {
  const own = smallBody['properties'];
  return { ...withIdentity, properties: { ...(isJsonObject(own) ? own : {}), ...properties } };
}

/** The complete template, whose identity is another one than the one that exists. */
export function completeLinuxBodyWithout(existing: string): JsonObject {
  return {
    ...completeLinuxBody,
    identity: { type: 'UserAssigned', userAssignedIdentities: { [`${existing}-not`]: {} } },
  };
}

export async function submit(service: ImageBuilderService, body: JsonObject): Promise<void> {
  const put = await send(service.provider, 'PUT', `${templateId}?${newest}`, { body });
  assert.equal(put.status, 201, JSON.stringify(put.body));
  await succeeded(service, put);
}

export async function succeeded(service: ImageBuilderService, reply: ArmReply): Promise<void> {
  const operation = await ended(service, reply);
  assert.equal(operation.status, 'Succeeded', JSON.stringify(operation));
}

/** The operation that `reply` started, when it is over. */
export async function ended({ store }: ImageBuilderService, reply: ArmReply): Promise<OperationRecord> {
  const url = reply.headers?.['Azure-AsyncOperation'] ?? reply.headers?.['Location'] ?? '';
  const operationId = new URL(url).pathname.split('/').at(-1) ?? '';
  const notices = new EventTarget();
  const stop = store.subscribe('operations', () => notices.dispatchEvent(new Event('change')));
  try {
    for (;;) {
      const change = once(notices, 'change', { signal: AbortSignal.timeout(30_000) });
      change.catch(() => undefined);
      const operation = await store.operations.get(operationId);
      assert.ok(operation);
      if (operation.status !== 'InProgress') return operation;
      await change;
    }
  } finally {
    stop();
  }
}

export function refusal({ status, body }: ArmReply): string {
  assert.equal(status, 409, JSON.stringify(body));
  assert.equal(at(body, 'error', 'code'), 'OperationNotAllowed');
  return String(at(body, 'error', 'message'));
}

export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}
