import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vhdIdOf } from './vhd-id.ts';

test('equal digests have equal ids, others have others, and every id is a UUID of version 8', () => {
  const ids = Array.from({ length: 200 }, (_, index) => vhdIdOf(`gs1-sha256:${index}`));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(vhdIdOf('gs1-sha256:7'), ids[7]);
});
