import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCatalogue, GoldsmithError } from '../model/errors.ts';
import { errorCodesOf, exitCodeOfError, exitCodeOfRun, exitCodes, exitNames } from './exit-codes.ts';
import { failedRecord, scriptedRecord } from './testing/scripted-run.ts';

test('every exit code is distinct and can be told apart from a signal of the shell', () => {
  const codes = Object.values(exitCodes);
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(Object.keys(exitCodes), [...exitNames]);
});

test('every error of the catalogue belongs to one exit code that is not success', () => {
  const all = exitNames.flatMap((name) => errorCodesOf(name));
  assert.deepEqual(all.toSorted(), Object.keys(errorCatalogue).toSorted());
  assert.deepEqual(errorCodesOf('ok'), []);
});

test('errors end with the code of their kind, and anything else is a defect', () => {
  assert.equal(exitCodeOfError(new GoldsmithError('BadTemplate', 'x')), 3);
  assert.equal(exitCodeOfError(new GoldsmithError('InsufficientResources', 'x')), 6);
  assert.equal(exitCodeOfError(new GoldsmithError('Cancelled', 'x')), 130);
  assert.equal(exitCodeOfError(new TypeError('x')), 1);
});

test('a run ends with the code of its state, and a failed one with the code of its error', () => {
  assert.equal(exitCodeOfRun(scriptedRecord()), 0);
  assert.equal(exitCodeOfRun(scriptedRecord({ state: 'PartiallySucceeded' })), 5);
  assert.equal(exitCodeOfRun(scriptedRecord({ state: 'Canceled' })), 130);
  assert.equal(exitCodeOfRun(failedRecord()), 4);
  assert.equal(
    exitCodeOfRun(
      scriptedRecord({ state: 'Failed', error: { code: 'SourceNotFound', message: '', details: [] } }),
    ),
    7,
  );
  assert.equal(
    exitCodeOfRun(scriptedRecord({ state: 'Failed', error: { code: 'toString', message: '', details: [] } })),
    4,
  );
});
