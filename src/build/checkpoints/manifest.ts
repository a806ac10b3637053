/** What is known about a checkpoint: one JSON file beside its bytes, written last and never changed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** Raised whenever an older program could misread what a newer one wrote, or the other way round. */
const MANIFEST_FORMAT = 1;
export const MANIFEST_FILE = 'manifest.json';
/** An empty file; its modification time is when the entry was last of use. */
export const USED_FILE = 'used';

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .refine((name) => name !== MANIFEST_FILE && name !== USED_FILE);
const keySchema = z.string().regex(/^[0-9a-f]{64}$/);
const timeSchema = z.number().nonnegative();

export const manifestSchema = z.object({
  format: z.literal(MANIFEST_FORMAT),
  /** SHA-256 in hex of everything that led to the machine. */
  key: keySchema,
  /** Tells two machines with the same key apart: layers of one do not fit on the other. */
  id: z.uuid(),
  /** The entry whose disk this one's layer lies on; without it the layer lies on nothing of this store. */
  parent: z.exactOptional(z.object({ key: keySchema, id: z.uuid() })),
  kind: z.enum(['boot', 'step', 'image', 'verdict']),
  title: z.string(),
  templateName: z.string(),
  /** Which customizer this is the state after, from 0; -1 before the first. */
  position: z.int().min(-1),
  createdAtMs: timeSchema,
  /** The work that need not be done again, in milliseconds. */
  tookMs: timeSchema,
  /** What the key was made of, in words: for people who ask why something was not reused. */
  inputs: z.record(z.string(), z.string()),
  /** How to wake the machine; only the builder understands it. */
  machine: z.unknown(),
  /** Digest of the source image. */
  base: z.string(),
  files: z.array(
    z.object({
      name: nameSchema,
      sizeBytes: z.int().nonnegative(),
      digest: z.string().regex(/^(gs1-)?sha256:[0-9a-f]{64}$/),
    }),
  ),
});

type ParsedManifest = z.infer<typeof manifestSchema>;

export type CheckpointKind = ParsedManifest['kind'];
export type CheckpointFile = Readonly<ParsedManifest['files'][number]>;

/** Names one machine for good: two machines may have the same key, never the same id. */
export interface CheckpointRef {
  readonly key: string;
  readonly id: string;
}

export interface CheckpointManifest extends CheckpointRef {
  readonly format: typeof MANIFEST_FORMAT;
  readonly parent?: CheckpointRef;
  readonly kind: CheckpointKind;
  readonly title: string;
  readonly templateName: string;
  readonly position: number;
  /** When the machine was frozen, in milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly tookMs: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly machine: unknown;
  readonly base: string;
  readonly files: readonly CheckpointFile[];
}

/** What the builder says of a checkpoint; the store adds the rest. A whole entry serves as `parent`. */
export type CheckpointDraft = Omit<CheckpointManifest, 'format' | 'id' | 'files'>;

export function makeManifest(
  draft: CheckpointDraft,
  id: string,
  files: readonly CheckpointFile[],
): CheckpointManifest {
  const { parent, ...facts } = draft;
  return manifestSchema.parse({
    ...facts,
    ...(parent === undefined ? {} : { parent: { key: parent.key, id: parent.id } }),
    ...{ format: MANIFEST_FORMAT, id, files },
  });
}

/** The manifest in `folder`; undefined when it is not there, damaged, or of another format. */
export async function readManifest(folder: string): Promise<CheckpointManifest | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, MANIFEST_FILE), 'utf8'));
    return manifestSchema.safeParse(value).data;
  } catch {
    return undefined; // whatever the reason: without a manifest there is no entry
  }
}
