import { openStore } from './open-store.ts';
import { testStore, type TestDatabase } from './testing/store-contract.ts';
import { postgresPrograms, startTestPostgres } from './testing/test-postgres.ts';

const skip = postgresPrograms() === undefined ? 'PostgreSQL is not installed on this machine' : false;

async function start(): Promise<TestDatabase> {
  const server = await startTestPostgres();
  return {
    open: async () => openStore({ url: server.url }),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

testStore('PostgreSQL', start, { shared: true, skip });
