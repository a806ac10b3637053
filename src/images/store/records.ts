/** The small files of the store: what a named image is, where it came from, what it points to. */
import { z } from 'zod';

const tags = z.record(z.string(), z.string());

/** Which run made an image, or which file it was imported from. Everything is optional: imports have no run. */
const origin = z.object({
  templateName: z.string().optional(),
  runId: z.string().optional(),
  runOutputName: z.string().optional(),
  /** What the template asked for as source: a URN or an ARM id. */
  source: z.string().optional(),
  sourceVersion: z.string().optional(),
  /** File or address that an imported or downloaded image was read from. */
  importedFrom: z.string().optional(),
});

/** What a boot needs to know and the bytes do not say: one disk may boot as V1 and as V2. */
const traits = {
  generation: z.enum(['V1', 'V2']),
  osType: z.enum(['Linux', 'Windows']),
  architecture: z.enum(['x64', 'Arm64']),
  provisioning: z.enum(['azure', 'nocloud']),
};

const image = {
  /** `gs1-sha256:<hex>` of the content. */
  digest: z.string().regex(/^gs1-sha256:[0-9a-f]{64}$/),
  ...traits,
  createdAt: z.string(),
  tags,
  origin,
};

export const managedImageRecord = z.object({
  kind: z.literal('ManagedImage'),
  /** ARM id in the spelling of its first use. */
  id: z.string(),
  name: z.string(),
  location: z.string(),
  ...image,
});

const regionState = z.object({
  name: z.string(),
  replicaCount: z.int().min(1),
  storageAccountType: z.string(),
  state: z.literal('Completed'),
  progress: z.literal(100),
});

export const galleryVersionRecord = z.object({
  kind: z.literal('GalleryVersion'),
  id: z.string(),
  gallery: z.string(),
  definition: z.string(),
  version: z.string(),
  location: z.string(),
  excludeFromLatest: z.boolean(),
  targetRegions: z.array(regionState),
  replicationMode: z.enum(['Full', 'Shallow']),
  ...image,
});

export const platformImageRecord = z.object({
  kind: z.literal('PlatformImage'),
  publisher: z.string(),
  offer: z.string(),
  sku: z.string(),
  version: z.string(),
  ...image,
});

export const imageDefinitionRecord = z.object({
  kind: z.literal('ImageDefinition'),
  id: z.string(),
  gallery: z.string(),
  definition: z.string(),
  location: z.string(),
  osState: z.literal('Generalized'),
  osType: traits.osType,
  generation: traits.generation,
  architecture: traits.architecture,
  createdAt: z.string(),
});

/** `image.json` beside the bytes; traits are those the content was first added with. */
export const contentRecord = z.object({
  digest: image.digest,
  virtualSizeBytes: z.int().positive(),
  ...traits,
});

export type ImageOrigin = z.infer<typeof origin>;
export type ManagedImageRecord = z.infer<typeof managedImageRecord>;
export type GalleryVersionRecord = z.infer<typeof galleryVersionRecord>;
export type PlatformImageRecord = z.infer<typeof platformImageRecord>;
export type ImageDefinitionRecord = z.infer<typeof imageDefinitionRecord>;
export type ContentRecord = z.infer<typeof contentRecord>;
export type ImageRecord = ManagedImageRecord | GalleryVersionRecord | PlatformImageRecord;
