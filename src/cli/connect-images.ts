/** The `Images` port on the image store. */
import { basename } from 'node:path';
import type { Home } from '../host/home.ts';
import { importImage } from '../images/import-image.ts';
import { openImageStore, type ImageStore } from '../images/store/image-store.ts';
import { displayName } from '../images/store/find-images.ts';
import type { ImageRecord } from '../images/store/records.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { ImageEntry, Images } from './ports.ts';
import { runStep } from './run-step.ts';

export function connectImages(home: () => Home): Images {
  return {
    list: async () => {
      using store = openImageStore(home());
      const entries: ImageEntry[] = [];
      for (const image of store.list()) entries.push(await entryOf(store, image));
      return entries;
    },
    show: async (reference) => {
      using store = openImageStore(home());
      return await entryOf(store, store.find(reference));
    },
    remove: async (reference) => {
      using store = openImageStore(home());
      store.remove(reference);
      return store.collectGarbage().freedBytes;
    },
    import: async (request, sink, signal) => {
      using store = openImageStore(home());
      const { path, name, osType, generation, provisioning, replace } = request;
      const title = `Import ${basename(path)}`;
      const imported = await runStep(sink, 'import', title, signal, async (report) =>
        importImage(store, {
          ...{ path, name, osType, provisioning, replace, signal },
          ...(generation === undefined ? {} : { generation }),
          onProgress: (doneBytes, totalBytes) => report.progress(basename(path), doneBytes, totalBytes),
        }),
      );
      const { image, format, generationBecause } = imported;
      return { image: await entryOf(store, image), format, generationBecause };
    },
  };
}

/** An image whose bytes are damaged is still listed: it has to be found to be removed. */
async function entryOf(store: ImageStore, image: ImageRecord): Promise<ImageEntry> {
  const facts = await store.open(image).catch((error: unknown) => {
    if (isGoldsmithError(error, 'SourceInvalid')) return undefined;
    throw error;
  });
  return {
    reference: displayName(image),
    kind: image.kind,
    path: facts?.path,
    osType: image.osType,
    generation: image.generation,
    architecture: image.architecture,
    virtualSizeBytes: facts?.virtualSizeBytes ?? 0,
    allocatedSizeBytes: facts?.allocatedSizeBytes ?? 0,
    digest: image.digest,
    createdAt: image.createdAt,
  };
}
