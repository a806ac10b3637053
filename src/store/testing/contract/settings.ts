import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreContract } from '../store-contract.ts';

export function testSettings({ name, skip, here, there }: StoreContract): void {
  test(`${name}: the first value of a setting is everybody's`, { skip }, async () => {
    const values = await Promise.all(
      Array.from({ length: 6 }, async (_, n) =>
        (n % 2 === 0 ? here() : there()).settings.insertIfAbsent('first', { n }),
      ),
    );
    const [first] = values;
    assert.ok(first !== undefined);
    for (const value of values) assert.deepEqual(value, first);
    assert.deepEqual(await there().settings.get('first'), first);
  });

  test(
    `${name}: settings are overwritten, listed by the start of their keys and removed`,
    { skip },
    async () => {
      const { settings } = here();
      for (const key of ['list/%b', 'list/a', 'list_x', 'listing']) await settings.put(key, { key });
      await settings.put('list/a', { key: 'new' });
      const expected = [
        { key: 'list/%b', value: { key: 'list/%b' } },
        { key: 'list/a', value: { key: 'new' } },
      ];
      assert.deepEqual(await settings.list('list/'), expected);
      assert.deepEqual(await settings.list('list/%'), expected.slice(0, 1));
      await settings.remove('list/a');
      await settings.remove('list/a');
      assert.equal(await settings.get('list/a'), undefined);
      assert.equal(await settings.get('\0'), undefined);
    },
  );
}
