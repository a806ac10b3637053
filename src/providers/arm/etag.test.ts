import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceRecord } from '../../store/records.ts';
import { checkEtag } from './etag.ts';

const at = '2026-01-01T00:00:00.000Z';
const record: ResourceRecord = {
  ...{ id: '/x', type: 'X', name: 'x', subscriptionId: 's', resourceGroup: undefined, location: undefined },
  ...{ tags: {}, body: {}, secret: undefined, etag: 'v1' },
  ...{
    createdAt: at,
    createdBy: 'x',
    createdByType: 'User',
    changedAt: at,
    changedBy: 'x',
    changedByType: 'User',
  },
};

test('conditions that hold give the etag that the write must find', () => {
  assert.equal(checkEtag(new Headers(), record), undefined);
  assert.equal(checkEtag(new Headers({ 'If-Match': '"v1"' }), record), 'v1');
  assert.equal(checkEtag(new Headers({ 'If-Match': '"v0", W/"v1"' }), record), 'v1');
  assert.equal(checkEtag(new Headers({ 'If-Match': '*' }), record), undefined);
  assert.equal(checkEtag(new Headers({ 'If-None-Match': '*' }), undefined), undefined);
  assert.equal(checkEtag(new Headers({ 'If-None-Match': '"v0"' }), record), undefined);
});

test('conditions that do not hold are refused', () => {
  const cases: readonly (readonly [Record<string, string>, ResourceRecord | undefined])[] = [
    [{ 'If-Match': '"v0"' }, record],
    [{ 'If-Match': '*' }, undefined],
    [{ 'If-None-Match': '*' }, record],
    [{ 'If-None-Match': '"v1"' }, record],
  ];
  for (const [headers, stored] of cases) {
    assert.throws(() => checkEtag(new Headers(headers), stored), { status: 412 });
  }
});
