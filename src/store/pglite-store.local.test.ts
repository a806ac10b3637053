import { openMemoryStore } from './testing/memory-store.ts';
import { testStore, type TestDatabase } from './testing/store-contract.ts';

const start = async (): Promise<TestDatabase> => ({
  open: openMemoryStore,
  [Symbol.asyncDispose]: async () => undefined,
});

testStore('PGlite', start, { shared: false });
