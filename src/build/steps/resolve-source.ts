/**
 * Uses: the template's source and the image store; a platform image that is not here yet is made or downloaded.
 * Produces: a source image whose bytes are final, with the exact version that was meant.
 * Undoes: nothing; the image stays for the next build.
 */
import { lockPath, takeLock } from '../../host/journal/locks.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Source } from '../../model/image-template.ts';
import { resolveSource, type ResolvedSource } from '../../images/resolve-source.ts';
import type { BuildHost } from '../build-options.ts';
import type { Step } from '../step.ts';

export interface ResolveSourceInput {
  readonly source: Source;
  readonly host: BuildHost;
}

/** One process makes or downloads a platform image; the others wait for it. */
function sourceName(source: Source): string {
  if (source.type === 'ManagedImage') return source.imageId.toLowerCase();
  if (source.type === 'SharedImageVersion') return source.imageVersionId.toLowerCase();
  return `${source.publisher}:${source.offer}:${source.sku}`.toLowerCase();
}

export const resolveSourceStep: Step<ResolveSourceInput, ResolvedSource> = {
  id: 'source',
  title: 'Resolve the source image',
  async run({ source, host }, context) {
    await using _lock = await takeLock(lockPath(host.home, `source ${sourceName(source)}`), {
      signal: context.signal,
      purpose: `preparing ${sourceName(source)}`,
      onWait: (holder) => context.output('out', `Waiting for another process: ${holder}`),
    });
    const resolve = host.resolveSource ?? resolveSource;
    const resolved = await resolve(source, {
      store: host.store,
      catalogue: host.catalogue,
      cacheDir: host.home.cache,
      signal: context.signal,
      onLine: (line) => context.output('out', line),
      onProgress: ({ what, doneBytes, totalBytes }) => context.progress(what, doneBytes, totalBytes),
    });
    const { facts, requested, exactVersion } = resolved;
    if (facts.osType === 'Windows') {
      throw new GoldsmithError(
        'SourceInvalid',
        `${requested} is a Windows image; build VMs can run Linux only so far`,
        {
          hint: 'Windows templates can be checked with `./goldsmith validate`, not built yet.',
        },
      );
    }
    if (facts.architecture !== 'x64') {
      throw new GoldsmithError(
        'SourceInvalid',
        `${requested} is an ${facts.architecture} image; build VMs are x64`,
      );
    }
    context.output(
      'out',
      `${requested} is ${exactVersion ?? 'a managed image'} (${facts.generation}, ${facts.digest})`,
    );
    return resolved;
  },
};
