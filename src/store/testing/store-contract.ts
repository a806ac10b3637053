/** What every store does, whatever is behind it. */
import { after, before } from 'node:test';
import type { Store } from '../store.ts';
import { testJobs } from './contract/jobs.ts';
import { testOperations } from './contract/operations.ts';
import { testResources } from './contract/resources.ts';
import { testRuns } from './contract/runs.ts';
import { testSettings } from './contract/settings.ts';
import { testSubscriptions } from './contract/subscriptions.ts';
import { testTransactions } from './contract/transactions.ts';

export interface TestDatabase extends AsyncDisposable {
  /** Opens a store on this database; called once, or twice when `shared`. */
  readonly open: () => Promise<Store>;
}

/** Registers the tests. One database serves all of them, so each uses ids of its own. */
export function testStore(
  name: string,
  start: () => Promise<TestDatabase>,
  { shared, skip = false }: { readonly shared: boolean; readonly skip?: string | false },
): void {
  const stores: Store[] = [];
  let database: TestDatabase | undefined;
  const at = (index: number) => (): Store => {
    const store = stores[index];
    if (store === undefined) throw new Error('the store is not open');
    return store;
  };
  if (skip === false) {
    before(async () => {
      database = await start();
      stores.push(await database.open());
      if (shared) stores.push(await database.open());
    });
    after(async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
    });
  }
  /** `here` and `there`: two processes on one database, or one and the same where only one can be. */
  const contract: StoreContract = { name, skip, here: at(0), there: at(shared ? 1 : 0) };
  testResources(contract);
  testOperations(contract);
  testRuns(contract);
  testSettings(contract);
  testTransactions(contract);
  testSubscriptions(contract);
  testJobs(contract);
}

export interface StoreContract {
  readonly name: string;
  readonly skip: string | false;
  readonly here: () => Store;
  readonly there: () => Store;
}
