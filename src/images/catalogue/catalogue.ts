/** The platform images that this machine can make or fetch: the built-in list and the user's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../../host/home.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { formatUrn, type Urn } from '../image-ref.ts';
import { foldName } from '../path-part.ts';
import { newestBy, parseVersion } from '../versions.ts';
import { parseCatalogue, type CatalogueEntry } from './catalogue-file.ts';

/** The file that people edit; see docs/reference/catalogue.md. */
export function catalogueFile(home: Pick<Home, 'root'>): string {
  return join(home.root, 'catalogue.json');
}

/**
 * The built-in entries with those of the user's file put over them: the same URN replaces, a new one adds.
 * @throws GoldsmithError `BadUsage` with every problem of the user's file in `details`.
 */
export function loadCatalogue(home: Pick<Home, 'root'>): readonly CatalogueEntry[] {
  const builtin = readCatalogue(join(import.meta.dirname, 'builtin.json'));
  const own = readCatalogue(catalogueFile(home));
  return [...new Map([...builtin, ...own].map((entry) => [foldName(formatUrn(entry)), entry])).values()];
}

/** All entries of one sku: at most one `rolling`, any number of fixed versions. */
export function entriesOf(
  catalogue: readonly CatalogueEntry[],
  urn: Omit<Urn, 'version'>,
): readonly CatalogueEntry[] {
  return catalogue.filter((entry) =>
    (['publisher', 'offer', 'sku'] as const).every((part) => foldName(entry[part]) === foldName(urn[part])),
  );
}

/** The entry to make the newest version from: the rolling one, else the highest fixed version. */
export function newestEntry(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return (
    entries.find((entry) => entry.version === 'rolling') ??
    newestBy(entries, (entry) => parseVersion(entry.version) ?? [0, 0, 0])
  );
}

function readCatalogue(path: string): readonly CatalogueEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const { entries, issues } = parseCatalogue(text);
  if (issues.length === 0) return entries;
  const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join('\n');
  throw new GoldsmithError('BadUsage', `The image catalogue ${path} is not valid:\n${list}`, {
    details: issues.map((issue) => ({ code: issue.code, target: issue.path, message: issue.message })),
  });
}
