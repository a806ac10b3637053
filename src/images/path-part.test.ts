import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePart } from './path-part.ts';

test('an ordinary name stays readable', () => {
  assert.equal(encodePart('golden-web_1.2'), 'golden-web_1.2');
});

test('names that differ only in case share one part', () => {
  assert.equal(encodePart('Golden'), encodePart('gOLDEN'));
  assert.equal(encodePart('Gr\u00fcn'), encodePart('GRU\u0308N'));
});

test('no name can leave its folder', () => {
  for (const name of ['..', '.', '../../x', '/etc/passwd', 'a/b', 'a\\b', 'a\0b', '', '.hidden', '%2e%2e']) {
    const part = encodePart(name);
    assert.match(part, /^[a-z0-9_%~-][a-z0-9_%~.-]*$/, `${JSON.stringify(name)} became ${part}`);
  }
});

test('different names get different parts, also when they look encoded', () => {
  const names = ['a/b', 'a%2fb', 'a%252fb', '', '%', '.a', '%2ea', 'x'.repeat(300), `${'x'.repeat(299)}y`];
  assert.equal(new Set(names.map(encodePart)).size, names.length);
});

test('a very long name fits a file system with an ending added', () => {
  assert.ok(Buffer.byteLength(`${encodePart('é'.repeat(4000))}.json`) <= 255);
});
