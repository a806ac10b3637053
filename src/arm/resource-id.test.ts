import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatResourceId, hasResourceType, parseResourceId, sameResourceId } from './resource-id.ts';

const sub = '/subscriptions/00000000-0000-0000-0000-00000000000a';
const image = `${sub}/resourceGroups/Images-RG/providers/Microsoft.Compute/images/Web`;

test('an id is read into its parts and written back unchanged', () => {
  const parsed = parseResourceId(image);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.id, {
    subscriptionId: '00000000-0000-0000-0000-00000000000a',
    resourceGroup: 'Images-RG',
    namespace: 'Microsoft.Compute',
    types: ['images'],
    names: ['Web'],
  });
  assert.equal(formatResourceId(parsed.id), image);
});

test('fixed words and types match without regard to case, names keep theirs', () => {
  const parsed = parseResourceId(
    `${sub.toUpperCase()}/resourcegroups/rg/PROVIDERS/microsoft.compute/IMAGES/WeB`,
  );
  assert.ok(parsed.ok);
  assert.ok(hasResourceType(parsed.id, 'Microsoft.Compute/images'));
  assert.deepEqual(parsed.id.names, ['WeB']);
  assert.ok(
    formatResourceId(parsed.id).includes('/resourceGroups/rg/providers/microsoft.compute/IMAGES/WeB'),
  );
});

test('the id of a resource group has no provider and is written back unchanged', () => {
  const parsed = parseResourceId(`${sub}/resourceGroups/rg`);
  assert.ok(parsed.ok);
  assert.equal(parsed.id.namespace, '');
  assert.equal(formatResourceId(parsed.id), `${sub}/resourceGroups/rg`);
});

test('child resources come as pairs of type and name', () => {
  const parsed = parseResourceId(
    `${sub}/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0`,
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.id.types, ['galleries', 'images', 'versions']);
  assert.deepEqual(parsed.id.names, ['g', 'd', '1.0.0']);
});

test('two spellings of one id are the same resource', () => {
  assert.ok(sameResourceId(image, image.toLowerCase()));
  assert.ok(!sameResourceId(image, `${image}2`));
});

const hostile: readonly (readonly [string, string])[] = [
  ['an empty text', ''],
  ['a relative id', image.slice(1)],
  [
    'a placeholder for the subscription',
    image.replace('00000000-0000-0000-0000-00000000000a', '<subscriptionID>'),
  ],
  ['a placeholder for a name', image.replace('Web', '<imageName>')],
  ['a parent folder as a name', image.replace('Web', '..')],
  ['a dot as a name', image.replace('Web', '.')],
  ['a hidden file as a name', image.replace('Web', '.ssh')],
  ['an option as a name', image.replace('Web', '-rf')],
  ['an empty name', image.replace('Web', '')],
  ['a trailing slash', `${image}/`],
  ['a type without a name', `${image}/versions`],
  ['a line break in a name', image.replace('Web', 'We\nb')],
  ['a line break at the end', `${image}\n`],
  ['a NUL in a name', image.replace('Web', 'We\u0000b')],
  ['a blank in a name', image.replace('Web', 'We b')],
  ['a backslash in a name', image.replace('Web', 'We\\b')],
  ['an encoded slash in a name', image.replace('Web', 'We%2fb')],
  ['a shell substitution in a name', image.replace('Web', '$(id)')],
  ['a name of 129 characters', image.replace('Web', 'x'.repeat(129))],
  ['a name that ends in a dot', image.replace('Web', 'Web.')],
  ['a parent folder as resource group', image.replace('Images-RG', '..')],
  ['a resource group that ends in a dot', image.replace('Images-RG', 'rg.')],
  ['a resource group of 91 characters', image.replace('Images-RG', 'r'.repeat(91))],
  ['no resource group', `${sub}/providers/Microsoft.Compute/images/Web`],
  ['a provider without a resource', `${sub}/resourceGroups/rg/providers/Microsoft.Compute`],
  ['a parent folder as type', image.replace('/images/', '/../')],
  ['a hostile length', `${image}${'/a/b'.repeat(100_000)}`],
];

for (const [what, text] of hostile) {
  test(`an id with ${what} is refused with a reason`, () => {
    const parsed = parseResourceId(text);
    assert.ok(!parsed.ok);
    assert.ok(parsed.problem.length > 10);
  });
}
