import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderRoute, ResourceProvider } from '../../providers/resource-provider.ts';
import { createRegistry } from './registry.ts';

test('literal words win over parameters, without regard to case, and parameters keep their case', () => {
  const registry = createRegistry([], [route('/a/{name}'), route('/a/fixed'), route('/a/{other}/b')]);
  assert.deepEqual(found(registry.routes(['A', 'FIXED'])), [['/a/fixed', {}]]);
  assert.deepEqual(found(registry.routes(['a', 'Some'])), [['/a/{name}', { name: 'Some' }]]);
  assert.deepEqual(found(registry.routes(['a', 'fixed', 'b'])), [['/a/{other}/b', { other: 'fixed' }]]);
  assert.deepEqual(registry.routes(['a']), []);
});

test('two providers of one namespace are one, but nothing may be claimed twice', () => {
  const registry = createRegistry([provider('things'), provider('others')], []);
  assert.equal(registry.namespaces.get('microsoft.test')?.length, 2);
  assert.deepEqual(registry.type('MICROSOFT.TEST', ['OTHERS'])?.types, ['others']);
  assert.throws(() => createRegistry([provider('things'), provider('Things')], []), /provided twice/);
  assert.throws(() => createRegistry([], [route('/a/{x}'), route('/A/{y}')]), /provided twice/);
});

function route(path: string): ProviderRoute {
  return { method: 'GET', path, apiVersions: [], action: undefined, handler: async () => ({ status: 200 }) };
}

function provider(type: string): ResourceProvider {
  return {
    namespace: 'Microsoft.Test',
    registeredByDefault: true,
    types: [{ type, apiVersions: ['2024-01-01'], location: 'global' }],
  };
}

function found(routes: ReturnType<ReturnType<typeof createRegistry>['routes']>): readonly unknown[] {
  return routes.map(({ route: { path }, parameters }) => [path, parameters]);
}
