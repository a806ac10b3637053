/** One slice of a group's deletion, as the job queue carries it. */
import { z } from 'zod';
import type { Principal } from '../../../identity/principal.ts';
import type { JsonObject } from '../../../model/json.ts';

export interface DeletionJob {
  readonly groupId: string;
  readonly operationId: string;
  /** With whose rights the resources are deleted. */
  readonly principal: Principal;
  readonly correlationId: string;
  /** Slices that ended as they began: nothing went, and nothing was on its way. */
  readonly passes: number;
  /** Resources after the slice before. */
  readonly remaining: number;
}

const schema = z.object({
  groupId: z.string(),
  operationId: z.string(),
  principal: z.object({
    objectId: z.string(),
    tenantId: z.string(),
    name: z.string(),
    type: z.enum(['User', 'Application', 'ManagedIdentity', 'Key']),
  }),
  correlationId: z.string(),
  passes: z.number(),
  remaining: z.number(),
});

/** Undefined for a job that this version did not send. */
export function readDeletionJob(data: JsonObject): DeletionJob | undefined {
  return schema.safeParse(data).data;
}
