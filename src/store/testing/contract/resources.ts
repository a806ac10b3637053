import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceFilter } from '../../store.ts';
import { sampleResource } from '../records.ts';
import type { StoreContract } from '../store-contract.ts';

export function testResources({ name, skip, here }: StoreContract): void {
  test(
    `${name}: a resource comes back as it was written, whatever the case of the id that asks`,
    { skip },
    async () => {
      const draft = sampleResource('Round-Trip', {
        tags: { Env: 'Prod', env2: '' },
        body: { z: 1, a: [{ b: null }, 'zero \0 byte', 'half \uD800 pair', 1.5e300], Ä: 'ü' },
        secret: { key: 'k' },
      });
      const inserted = await here().resources.insert(draft);
      assert.deepEqual(inserted, { ...draft, etag: inserted?.etag });
      assert.deepEqual(await here().resources.get(draft.id.toUpperCase()), inserted);
      const body = (await here().resources.get(draft.id))?.body ?? {};
      assert.deepEqual(Object.keys(body), ['z', 'a', 'Ä'], 'properties keep their order');
    },
  );

  test(`${name}: an id is taken once, and free again after removal`, { skip }, async () => {
    const draft = sampleResource('taken');
    const all = await Promise.all(
      [draft, { ...draft, id: draft.id.toUpperCase() }, draft].map(async (one) =>
        here().resources.insert(one),
      ),
    );
    assert.equal(all.filter((one) => one !== undefined).length, 1);
    assert.equal(await here().resources.remove(draft.id.toLowerCase()), true);
    assert.equal(await here().resources.remove(draft.id), false);
    assert.equal(await here().resources.get(draft.id), undefined);
    assert.notEqual(await here().resources.insert(draft), undefined);
  });

  test(`${name}: a write under an old etag changes nothing`, { skip }, async () => {
    const draft = sampleResource('etags');
    const first = await here().resources.insert(draft);
    const second = await here().resources.replace({ ...draft, body: { n: 2 } }, first?.etag);
    assert.ok(first !== undefined && second !== undefined);
    assert.notEqual(second.etag, first.etag);
    assert.equal(await here().resources.replace({ ...draft, body: { n: 3 } }, first.etag), undefined);
    assert.equal(await here().resources.remove(draft.id, first.etag), false);
    assert.deepEqual(await here().resources.get(draft.id), second);
    const third = await here().resources.replace({ ...draft, body: { n: 3 } });
    assert.equal(await here().resources.remove(draft.id, third?.etag), true);
    assert.equal(await here().resources.replace(draft), undefined, 'gone');
  });

  test(`${name}: of many writers under one etag one wins`, { skip }, async () => {
    const draft = sampleResource('race');
    const start = await here().resources.insert(draft);
    const results = await Promise.all(
      Array.from({ length: 8 }, async (_, n) =>
        here().resources.replace({ ...draft, body: { n } }, start?.etag),
      ),
    );
    assert.equal(results.filter((result) => result !== undefined).length, 1);
  });

  test(`${name}: lists and counts take what matches every part of the filter`, { skip }, async () => {
    const subscriptionId = 'Filter-Subscription';
    const add = async (
      name: string,
      group: string,
      type: string,
      tags: Record<string, string>,
    ): Promise<string> => {
      const id = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/${type}/${name}`;
      await here().resources.insert(
        sampleResource(name.split('/').at(-1) ?? '', {
          id,
          subscriptionId,
          resourceGroup: group,
          type,
          tags,
        }),
      );
      return id;
    };
    const gallery = await add('g', 'One', 'Ms.Compute/galleries', { Team: 'x' });
    await add('g/images/i', 'One', 'Ms.Compute/galleries', {});
    await add('g2', 'One', 'Ms.Compute/galleries', { team: 'y' });
    await add('d', 'Two', 'Ms.Compute/disks', { Other: 'x', 'we"ird\0': 'v' });
    const cases: readonly (readonly [ResourceFilter, readonly string[]])[] = [
      [{ subscriptionId: 'FILTER-subscription' }, ['g', 'i', 'g2', 'd']],
      [{ subscriptionId, resourceGroup: 'oNE' }, ['g', 'i', 'g2']],
      [{ subscriptionId, type: 'ms.compute/DISKS' }, ['d']],
      [{ subscriptionId, resourceGroup: 'two', type: 'Ms.Compute/galleries' }, []],
      [{ under: gallery.toUpperCase() }, ['i']],
      [{ under: `${gallery}/` }, ['i']],
      [{ subscriptionId, tag: { name: 'TEAM' } }, ['g', 'g2']],
      [{ subscriptionId, tag: { name: 'team', value: 'x' } }, ['g']],
      [{ subscriptionId, tag: { name: 'team', value: 'X' } }, []],
      [{ subscriptionId, tag: { name: 'WE"IRD\0', value: 'v' } }, ['d']],
      [{ subscriptionId: 'nul \0' }, []],
    ];
    for (const [filter, expected] of cases) {
      const { items } = await here().resources.list(filter, { limit: 10 });
      const label = JSON.stringify(filter);
      assert.deepEqual(
        items.map((item) => item.name),
        expected,
        label,
      );
      assert.equal(await here().resources.count(filter), expected.length, label);
    }
  });

  test(
    `${name}: pages give every resource once, in the order of the bytes of their ids`,
    { skip },
    async () => {
      const names = ['b', 'B1', 'a-1', 'a_1', 'a.1', 'a1', 'ä', 'z', '0', 'A0'];
      for (const one of names) await here().resources.insert(sampleResource(one, { resourceGroup: 'pages' }));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await here().resources.list(
          { resourceGroup: 'PAGES' },
          { limit: 3, ...(after === undefined ? {} : { after }) },
        );
        assert.ok(page.items.length <= 3);
        seen.push(...page.items.map((item) => item.name));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(
        seen,
        names.toSorted((x, y) => (x.toLowerCase() < y.toLowerCase() ? -1 : 1)),
      );
      await assert.rejects(async () => here().resources.list({}, { limit: 1001 }), RangeError);
    },
  );

  test(`${name}: a page that ends with the list has no next one`, { skip }, async () => {
    for (const one of ['1', '2'])
      await here().resources.insert(sampleResource(one, { resourceGroup: 'full' }));
    const page = await here().resources.list({ resourceGroup: 'full' }, { limit: 2 });
    assert.deepEqual([page.items.length, page.next], [2, undefined]);
  });

  test(`${name}: an id that no database can hold is simply not there`, { skip }, async () => {
    assert.equal(await here().resources.get('/subscriptions/\0'), undefined);
    assert.equal(await here().resources.remove('/subscriptions/\0'), false);
    assert.equal(
      await here().resources.get("/subscriptions/'; drop table goldsmith.resources; --"),
      undefined,
    );
  });
}
