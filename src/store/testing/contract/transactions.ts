import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleResource } from '../records.ts';
import type { StoreContract } from '../store-contract.ts';

export function testTransactions({ name, skip, here, there }: StoreContract): void {
  test(
    `${name}: a transaction that fails leaves nothing, one that succeeds leaves all`,
    { skip },
    async () => {
      const draft = sampleResource('in-transaction');
      const work = here().transaction(async ({ resources, settings }) => {
        await resources.insert(draft);
        await settings.put('in-transaction', { a: 1 });
        assert.notEqual(await resources.get(draft.id), undefined, 'it sees its own writes');
        throw new RangeError('no');
      });
      await assert.rejects(work, RangeError);
      assert.equal(await here().resources.get(draft.id), undefined);
      assert.equal(await here().settings.get('in-transaction'), undefined);
      const given = await here().transaction(async ({ resources, settings }) => {
        await resources.insert(draft);
        await settings.put('in-transaction', { a: 1 });
        return 7;
      });
      assert.equal(given, 7);
      assert.notEqual(await there().resources.get(draft.id), undefined);
      assert.deepEqual(await there().settings.get('in-transaction'), { a: 1 });
    },
  );

  test(
    `${name}: transactions that read and then write do not lose each other's writes`,
    { skip },
    async () => {
      const key = 'counter';
      await here().settings.put(key, { n: 0 });
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) =>
          (index % 2 === 0 ? here() : there()).transaction(async ({ settings }) => {
            const { n } = (await settings.get(key)) ?? {};
            await settings.put(key, { n: Number(n) + 1 });
          }),
        ),
      );
      assert.deepEqual(await here().settings.get(key), { n: 10 });
    },
  );

  test(
    `${name}: two transactions that each rely on what the other changes do not both happen`,
    { skip },
    async () => {
      // Write skew: each takes its place only when the other's is free.
      const places = ['skew-a', 'skew-b'] as const;
      const take = async (mine: string, other: string, store = here()): Promise<boolean> =>
        store.transaction(async ({ settings }) => {
          if ((await settings.get(other)) !== undefined) return false;
          await settings.put(mine, {});
          return true;
        });
      const taken = await Promise.all([take(places[0], places[1]), take(places[1], places[0], there())]);
      assert.deepEqual(taken.toSorted(), [false, true]);
    },
  );

  test(`${name}: a call past the transaction is refused at once`, { skip }, async () => {
    const outside = here().transaction(async () => here().settings.get('x'));
    await assert.rejects(outside, /use the repositories that it gives/);
    const nested = here().transaction(async () => here().transaction(async () => 1));
    await assert.rejects(nested, /use the repositories that it gives/);
    const { later } = await here().transaction(async () => ({
      later: new Promise((resolve) => setImmediate(resolve)).then(async () => here().settings.get('x')),
    }));
    assert.equal(await later, undefined, 'what only was started in it is outside when it is over');
  });

  test(`${name}: an error inside a statement does not poison what comes after`, { skip }, async () => {
    await assert.rejects(here().settings.put('nul \0', {}));
    await assert.rejects(here().transaction(async ({ settings }) => settings.put('nul \0', {})));
    await here().settings.put('fine', {});
    assert.deepEqual(await here().settings.get('fine'), {});
  });
}
