/** The catalogue's file format: which platform images exist and how each is come by. */
import { z } from 'zod';
import type { Generation, OsType } from '../../model/image-template.ts';
import type { Provisioning } from '../../model/image.ts';
import type { Issue } from '../../model/issue.ts';
import type { DiskFormat } from '../../model/run.ts';
import type { Checksum } from './checksums.ts';

export interface CatalogueEntry {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  /** `x.y.z`, or `rolling`: whatever is there today, numbered when it is made or fetched. */
  readonly version: string;
  readonly generation: Generation;
  readonly osType: OsType;
  readonly architecture: 'x64' | 'Arm64';
  readonly provisioning: Provisioning;
  readonly from: RecipeOrigin | UrlOrigin;
}

export interface RecipeOrigin {
  readonly kind: 'recipe';
  readonly recipe: 'debian';
  readonly release: 'bookworm' | 'trixie';
  readonly sizeGB: number;
}

export interface UrlOrigin {
  readonly kind: 'url';
  readonly url: string;
  /** Known in advance, or listed in a checksum file on the network. */
  readonly checksum: Checksum | { readonly listedAt: string };
  /** What the file must turn out to be; undefined = any accepted format. */
  readonly format: DiskFormat | undefined;
}

const webAddress = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https address is wanted');
/** A URN's parts may not hold its separator. */
const urnPart = z.string().regex(/^[^:/\s]{1,128}$/, 'one word without ":" and "/" is wanted');

const entrySchema = z.strictObject({
  publisher: urnPart,
  offer: urnPart,
  sku: urnPart,
  version: z
    .string()
    .regex(/^(rolling|\d{1,9}\.\d{1,9}\.\d{1,9})$/, 'three numbers such as 1.2.3, or "rolling", are wanted'),
  generation: z.enum(['V1', 'V2']),
  osType: z.enum(['Linux', 'Windows']),
  architecture: z.enum(['x64', 'Arm64']).default('x64'),
  provisioning: z.enum(['azure', 'nocloud']),
  from: z.record(z.string(), z.unknown()),
});

const recipeSchema = z.strictObject({
  recipe: z.literal('debian'),
  release: z.enum(['bookworm', 'trixie']),
  sizeGB: z.int().min(2).max(4095).default(4),
});

const urlSchema = z
  .strictObject({
    url: webAddress,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, '64 hexadecimal digits are wanted')
      .exactOptional(),
    sha512: z
      .string()
      .regex(/^[0-9a-f]{128}$/i, '128 hexadecimal digits are wanted')
      .exactOptional(),
    checksumsUrl: webAddress.exactOptional(),
    format: z.enum(['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk']).exactOptional(),
  })
  .refine(
    ({ sha256, sha512, checksumsUrl }) => [sha256, sha512, checksumsUrl].filter(Boolean).length === 1,
    'exactly one of sha256, sha512 and checksumsUrl is wanted',
  );

const fileSchema = z.strictObject({ images: z.array(z.unknown()) });

export interface ParsedCatalogue {
  readonly entries: readonly CatalogueEntry[];
  /** Everything that is wrong; empty when `entries` can be used. */
  readonly issues: readonly Issue[];
}

/** Reads the text of a catalogue file and reports every problem in it. */
export function parseCatalogue(text: string): ParsedCatalogue {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { entries: [], issues: [{ path: '$', code: 'BadJson', message: String(error) }] };
  }
  const file = fileSchema.safeParse(json);
  if (!file.success) return { entries: [], issues: toIssues(file.error, '$') };
  const results = file.data.images.map((image, index) => parseEntry(image, `$.images[${index}]`));
  return {
    entries: results.flatMap((result) => (Array.isArray(result) ? [] : [result])),
    issues: results.flatMap((result) => (Array.isArray(result) ? result : [])),
  };
}

function parseEntry(image: unknown, path: string): CatalogueEntry | Issue[] {
  const entry = entrySchema.safeParse(image);
  const from = parseOrigin(isObject(image) ? image['from'] : undefined, `${path}.from`);
  const issues = [
    ...(entry.success ? [] : toIssues(entry.error, path)),
    ...(Array.isArray(from) ? from : []),
  ];
  if (!entry.success || Array.isArray(from) || from === undefined) return issues;
  return { ...entry.data, from };
}

/** undefined when there is nothing to look at; the entry's own check has said so. */
function parseOrigin(from: unknown, path: string): CatalogueEntry['from'] | Issue[] | undefined {
  if (!isObject(from)) return undefined;
  if ('recipe' in from) {
    const recipe = recipeSchema.safeParse(from);
    return recipe.success ? { kind: 'recipe', ...recipe.data } : toIssues(recipe.error, path);
  }
  const parsed = urlSchema.safeParse(from);
  if (!parsed.success) return toIssues(parsed.error, path);
  const { url, sha256, sha512, checksumsUrl, format } = parsed.data;
  return { kind: 'url', url, checksum: checksumOf(sha256, sha512, checksumsUrl ?? ''), format };
}

function checksumOf(
  sha256: string | undefined,
  sha512: string | undefined,
  listedAt: string,
): UrlOrigin['checksum'] {
  if (sha256 !== undefined) return { algorithm: 'sha256', hex: sha256.toLowerCase() };
  if (sha512 !== undefined) return { algorithm: 'sha512', hex: sha512.toLowerCase() };
  return { listedAt };
}

function toIssues(error: z.ZodError, base: string): Issue[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (path, key) => path + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`),
      base,
    ),
    code: issue.code === 'unrecognized_keys' ? 'UnknownField' : 'BadValue',
    message: issue.message,
  }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
