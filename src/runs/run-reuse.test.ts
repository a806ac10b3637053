import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReuse, reusePolicyOf } from './run-reuse.ts';

const hour = 3_600_000;

test('the words for reuse are ages', () => {
  assert.deepEqual(['off', 'On', ' 2h ', '7d', 'yes', '-1h', ''].map(parseReuse), [
    0,
    24 * hour,
    2 * hour,
    168 * hour,
    undefined,
    undefined,
    undefined,
  ]);
  assert.ok((parseReuse('resume') ?? 0) > 100_000 * hour);
});

test('a run goes by its header, else by the tag, else every customizer runs; its own results always count', () => {
  const run = { tags: {}, maxStepAgeMs: undefined, requestedAtMs: 5 };
  assert.deepEqual(reusePolicyOf(run), { fresh: false, maxStepAgeMs: 0, sinceMs: 5 });
  const tagged = { ...run, tags: { 'Goldsmith-Reuse': 'on' } };
  assert.equal(reusePolicyOf(tagged).maxStepAgeMs, 24 * hour);
  assert.equal(reusePolicyOf({ ...tagged, maxStepAgeMs: 0 }).maxStepAgeMs, 0);
  assert.equal(reusePolicyOf({ ...run, tags: { 'goldsmith-reuse': 'nonsense' } }).maxStepAgeMs, 0);
});
