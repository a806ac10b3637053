import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceOperation } from '../src/server/list-operations.ts';
import { coveragePage, lostSince, measureCoverage } from './coverage-page.ts';
import type { RecordedRequest } from './recorded-requests.ts';

const type = 'Microsoft.Compute/galleries';
const common = { type, isCollection: false, action: undefined, apiVersions: ['2022-03-03'] };
const operations: readonly ServiceOperation[] = [
  { ...common, method: 'GET' },
  { ...common, method: 'DELETE' },
];

function request(method: string, status: number, client: string): RecordedRequest {
  return {
    msg: 'request',
    ...{ type, isCollection: false, apiVersion: '2022-03-03' },
    method,
    status,
    client,
  };
}

test('an operation counts when a client of somebody else got an answer that was no error', () => {
  const drivenBy = (...requests: readonly RecordedRequest[]): readonly number[] =>
    measureCoverage(operations, requests).map(({ clients }) => clients.size);
  assert.deepEqual(drivenBy(request('GET', 200, 'azsdk-js-arm-compute/24.1.0')), [1, 0]);
  assert.deepEqual(drivenBy(request('GET', 404, 'azsdk-js-arm-compute/24.1.0')), [0, 0]);
  assert.deepEqual(drivenBy(request('DELETE', 200, 'node')), [0, 0]);
});

test('what the page says is not covered may stay so, and nothing else may come onto it', () => {
  const one = measureCoverage(operations, [request('GET', 200, 'AZURECLI/2.45.0')]);
  const none = measureCoverage(operations, []);
  assert.deepEqual(lostSince(coveragePage(one), one), []);
  assert.deepEqual(lostSince(coveragePage(none), one), []);
  assert.deepEqual(lostSince(coveragePage(one), none), [`GET ${type}/{name}`]);
});
