/** The body of a trigger (reference 1.10, 2.9), in api-versions from 2022-07-01 on. */
import { z } from 'zod';
import { templateWires, type ApiVersion } from '../../api-versions/supported.ts';
import { checkWire, type CheckedWire } from '../../wire/check-wire.ts';
import { readOnly } from '../../wire/scalars.ts';

/** The first api-version with triggers. */
export const triggersSince: ApiVersion = '2022-07-01';

const reported = { status: readOnly, provisioningState: readOnly } as const;

const triggerSchema = z.object({
  id: readOnly,
  name: readOnly,
  type: readOnly,
  systemData: readOnly,
  // Samples send it although a trigger has no location of its own; it must be the template's.
  location: z.exactOptional(z.string()),
  properties: z.discriminatedUnion('kind', [z.object({ kind: z.literal('SourceImage'), ...reported })]),
});

export interface TriggerBody {
  readonly kind: 'SourceImage';
  readonly location: string | undefined;
}

/** Checks the body of a PUT. Never throws. */
export function readTrigger(body: unknown, apiVersion: ApiVersion): CheckedWire<TriggerBody> {
  const checked = checkWire(triggerSchema, body, templateWires[apiVersion].fieldNames);
  if (!checked.ok) return checked;
  const { location, properties } = checked.value;
  return { ...checked, value: { kind: properties.kind, location } };
}
