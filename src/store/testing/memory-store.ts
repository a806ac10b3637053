/** A store in memory for tests, in a fraction of a second: PGlite starts from a data folder that was made once. */
import { openHome } from '../../host/home.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';

/** Errors of the background fail the test that opened the store. */
export async function openMemoryStore(): Promise<Store> {
  return openStore(
    { memory: true },
    {
      cacheFolder: openHome().cache,
      onError: (error) => {
        throw error;
      },
    },
  );
}
