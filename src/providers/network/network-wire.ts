/** What network resources have in common on the wire: an etag in the body, a GUID of their own, no `systemData`. */
import { ArmError } from '../../arm/arm-error.ts';
import { optional, readOnly } from '../../arm/wire/scalars.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { z } from 'zod';
import { wireOf } from '../arm/wire-of.ts';

export const networkNamespace = 'Microsoft.Network';

/** A reference to another resource, as clients send it: `{ "id": "…" }`, often with the whole resource around it. */
export const reference = z.object({ id: z.string().max(2048) });
export const optionalReference = optional(reference);

/** Fields of `properties` that only the service sets. */
export const serviceFields = { provisioningState: readOnly, resourceGuid: readOnly };

export function networkWire(record: ResourceRecord): Readonly<Record<string, unknown>> {
  return wireOf(record, { etag: true, systemData: false });
}

/** The wire with more `properties`, for example children that are shown inside. */
export function networkWireWith(record: ResourceRecord, properties: object): object {
  return { ...networkWire(record), properties: { ...propertiesOf(record), ...properties } };
}

export function propertiesOf({ body }: Pick<ResourceRecord, 'body'>): JsonObject {
  const properties = body['properties'];
  return isJsonObject(properties) ? properties : {};
}

/** The GUID of a resource, made at its first write. */
export function resourceGuid(before: ResourceRecord | undefined, newId: () => string): string {
  const known = before === undefined ? undefined : propertiesOf(before)['resourceGuid'];
  return typeof known === 'string' ? known : newId();
}

/** JSON without the fields that are undefined. */
export function asJson(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  return isJsonObject(copy) ? copy : {};
}

/** Azure's rule for names in this namespace: 1 to 80 characters, the last no period or hyphen. */
export function requireNetworkName(name: string): void {
  if (/^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/.test(name)) return;
  throw new ArmError(
    400,
    'InvalidResourceName',
    `Resource name ${name.slice(0, 100)} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.`,
  );
}
