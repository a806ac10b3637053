/** What a checkpoint's manifest says of its machine, so that a copy of it can be woken. */
import * as z from 'zod';
import { machineSchema } from '../machine-description.ts';
import type { CheckpointEntry } from './read-entries.ts';

/** Names of a checkpoint's files; the disk layer's is the store's. */
export const checkpointFiles = {
  memory: 'memory',
  state: 'state',
  kernel: 'kernel',
  initrd: 'initrd',
} as const;

/** The nth disc in its drives. */
export function discFile(index: number): string {
  return `disc${index}`;
}

const checkpointMachineSchema = z.object({
  machine: machineSchema,
  diskBytes: z.int().positive(),
  discCount: z.int().nonnegative(),
  /** Parameters of the kernel that it was started with from outside. */
  kernelParameters: z.exactOptional(z.string()),
  /** When the oldest customizer in it ran, milliseconds since the epoch. */
  stepsSinceMs: z.exactOptional(z.number()),
});

export type CheckpointMachine = Readonly<z.infer<typeof checkpointMachineSchema>>;

const imageFactsSchema = z.object({
  digest: z.string(),
  diskBytes: z.int().positive(),
  stepsSinceMs: z.exactOptional(z.number()),
});

/** What the manifest of a finished image says. */
export type CheckpointImage = Readonly<z.infer<typeof imageFactsSchema>>;

/** Undefined when another version wrote it. */
export function readMachine(entry: Pick<CheckpointEntry, 'machine'>): CheckpointMachine | undefined {
  return checkpointMachineSchema.safeParse(entry.machine).data;
}

/** Undefined when another version wrote it. */
export function readImage(entry: Pick<CheckpointEntry, 'machine'>): CheckpointImage | undefined {
  return imageFactsSchema.safeParse(entry.machine).data;
}
