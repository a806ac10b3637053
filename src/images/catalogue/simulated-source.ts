/** Sources for simulated builds: platform images are placeholders, made on the spot for whatever name is asked. */
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { allocatedSizeBytes } from '../../disk/allocated-size.ts';
import { digestDisk } from '../../disk/disk-digest.ts';
import type { PlatformImageSource, Source } from '../../model/image-template.ts';
import type { ImageFacts } from '../../model/image.ts';
import { MIB } from '../../model/sizes.ts';
import { formatUrn } from '../image-ref.ts';
import { foldName } from '../path-part.ts';
import { resolveSource, type ResolveContext, type ResolvedSource } from '../resolve-source.ts';
import { entriesOf } from './catalogue.ts';

const PLACEHOLDER_BYTES = 64 * MIB;

/** What a disk of a simulated image starts with. */
export const SIMULATED_DISK_MARK = 'GOLDSMITH SIMULATED DISK: no operating system is on it';

/**
 * As `resolveSource`, but a platform image that is not in the store yet is neither made nor downloaded: a small disk
 * that says what it stands for takes its place, under the version asked for.
 */
export async function resolveSimulatedSource(
  source: Source,
  context: ResolveContext,
): Promise<ResolvedSource> {
  const here = source.type === 'PlatformImage' ? context.store.platformVersions(source) : [];
  if (source.type === 'PlatformImage' && !here.some((image) => isVersion(source, image.version))) {
    context.onLine?.(`SIMULATED: a placeholder stands for ${formatUrn(source)}`);
    await makePlaceholder(source, context);
  }
  return resolveSource(source, { ...context, catalogue: [] });
}

function isVersion(source: PlatformImageSource, version: string): boolean {
  return foldName(source.version) === 'latest' || source.version === version;
}

async function makePlaceholder(source: PlatformImageSource, context: ResolveContext): Promise<void> {
  const { store, signal } = context;
  const { publisher, offer, sku, version } = source;
  const path = store.stagingPath();
  try {
    {
      await using file = await open(path, 'wx');
      await file.truncate(PLACEHOLDER_BYTES);
      await file.write(`${SIMULATED_DISK_MARK}\n${formatUrn(source)}\n${randomUUID()}\n`, 0);
    }
    const digest = await digestDisk(path, { sizeBytes: PLACEHOLDER_BYTES, signal });
    const facts = await store.addContent(
      {
        path,
        virtualSizeBytes: PLACEHOLDER_BYTES,
        allocatedSizeBytes: await allocatedSizeBytes(path),
        digest,
        ...traitsFor(source, context),
      },
      { move: true, signal },
    );
    store.publishPlatformImage(facts, {
      ...{ publisher, offer, sku },
      version: foldName(version) === 'latest' ? undefined : version,
      origin: { importedFrom: 'a simulation' },
    });
  } finally {
    await rm(path, { force: true });
  }
}

/** From the catalogue, else from how Azure's publishers name their images. */
function traitsFor(
  source: PlatformImageSource,
  context: ResolveContext,
): Pick<ImageFacts, 'generation' | 'osType' | 'architecture' | 'provisioning'> {
  const [entry] = entriesOf(context.catalogue, source);
  if (entry !== undefined) {
    const { generation, osType, architecture, provisioning } = entry;
    return { generation, osType, architecture, provisioning };
  }
  return {
    generation: /gen-?2|-g2\b|_v2\b/i.test(source.sku) ? 'V2' : 'V1',
    osType: /^MicrosoftWindows/i.test(source.publisher) ? 'Windows' : 'Linux',
    architecture: /arm64/i.test(source.sku) ? 'Arm64' : 'x64',
    provisioning: 'azure',
  };
}
