import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { GIB, KIB, MIB } from '../../model/sizes.ts';
import { cacheLimitBytes, parseSize } from './cache-limit.ts';

test('sizes are read with and without units, which are powers of 1024', () => {
  const sizes = {
    '0': 0,
    '1024': 1024,
    '40GiB': 40 * GIB,
    '1.5 g': 1.5 * GIB,
    '500MB': 500 * MIB,
    '3k': 3 * KIB,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', 'GiB', '-1', '1e3', '5 X', '10GiBs', '1..2']) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test('the limit is what the variable says, else 20 GiB or a fifth of the file system', async () => {
  assert.equal(await cacheLimitBytes(tmpdir(), { GOLDSMITH_CACHE_LIMIT: '40GiB' }), 40 * GIB);
  const { blocks, bsize } = statfsSync(tmpdir());
  assert.equal(await cacheLimitBytes(tmpdir(), {}), Math.min(20 * GIB, Math.floor((blocks * bsize) / 5)));
  await assert.rejects(cacheLimitBytes(tmpdir(), { GOLDSMITH_CACHE_LIMIT: 'lots' }), (error) =>
    isGoldsmithError(error, 'BadUsage'),
  );
});
