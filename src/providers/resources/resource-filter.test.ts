import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceRecord } from '../../store/records.ts';
import { readResourceFilter, readTagFilter } from './resource-filter.ts';

const image: ResourceRecord = {
  id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/Golden',
  type: 'Microsoft.Compute/images',
  name: 'Golden',
  subscriptionId: 's',
  resourceGroup: 'g',
  location: 'westus2',
  tags: { Env: 'prod', team: 'blue' },
  body: { sku: { name: 'Standard' } },
  secret: undefined,
  etag: '1',
  ...{ createdAt: '', createdBy: '', createdByType: 'Application' },
  ...{ changedAt: '', changedBy: '', changedByType: 'Application' },
};

const cases: readonly (readonly [string, boolean])[] = [
  ["resourceType eq 'microsoft.compute/IMAGES'", true],
  ["resourceType eq 'Microsoft.Compute/galleries'", false],
  ["resourceType eq 'a' or name eq 'golden'", true],
  ["name ne 'Golden'", false],
  ["substringof('old', name)", true],
  ["startswith(name, 'old')", false],
  ["location eq 'West US 2'", true],
  ["sku/name eq 'standard'", true],
  ["tagName eq 'env'", true],
  ["tagName eq 'env' and tagValue eq 'prod'", true],
  ["tagName eq 'env' and tagValue eq 'blue'", false],
  ["tagName eq 'team' and tagValue eq 'blue' and resourceGroup eq 'G'", true],
  ["(tagName eq 'none') or (tagName eq 'team')", true],
];

for (const [filter, expected] of cases) {
  test(`the filter ${filter} ${expected ? 'lets the image through' : 'keeps the image out'}`, () => {
    assert.equal(readResourceFilter(filter).accepts(image), expected);
  });
}

test('what must hold anyway is looked up by the database', () => {
  const { hint } = readResourceFilter("resourceType eq 'a/b' and tagName eq 'x' and tagValue eq 'y'");
  assert.deepEqual(hint, { type: 'a/b', tag: { name: 'x', value: 'y' } });
  assert.deepEqual(readResourceFilter("resourceType eq 'a/b' or name eq 'x'").hint, {});
});

for (const filter of [
  "tagValue eq 'prod'",
  "tagName ne 'env'",
  "tagName eq 'a' and tagName eq 'b'",
  "colour eq 'red'",
  'name eq',
]) {
  test(`a filter that would be ignored in part is refused: ${filter}`, () => {
    assert.throws(() => readResourceFilter(filter), { message: /^Invalid \$filter/ });
  });
}

test('lists of groups take a tag and nothing else', () => {
  assert.deepEqual(readTagFilter("tagName eq 'a' and tagValue eq 'b'"), { name: 'a', value: 'b' });
  assert.deepEqual(readTagFilter("tagName eq 'a'"), { name: 'a' });
  assert.equal(readTagFilter(undefined), undefined);
  assert.throws(() => readTagFilter("name eq 'a'"), { message: /^Invalid \$filter/ });
});
