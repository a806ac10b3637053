import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoldsmithError } from '../../model/errors.ts';
import { failureJson, failureReport, failureText } from './error-report.ts';
import { makeStyle } from './style.ts';

const style = makeStyle(false, true);
const error = new GoldsmithError('SourceNotFound', 'There is no image "x\u001B[2J"', {
  hint: 'List them with `./goldsmith images list`.',
  internal: 'looked in /secret',
  cause: new Error('ENOENT'),
  details: [{ code: 'NotThere', target: 'source', message: 'gone' }],
});

test('a failure says what, why and what to do next', () => {
  assert.equal(
    failureReport(error, style, false),
    [
      '✖ The source image was not found: There is no image "x"',
      '  - source: gone [NotThere]',
      '',
      '  Next  List them with `./goldsmith images list`.',
      '',
    ].join('\n'),
  );
});

test('nothing is told twice: a detail or output that the message has already', () => {
  const message = 'Customizer 1 ended with exit code 1. Its last output was:\nabout to fail';
  const details = [{ code: 'CustomizerFailed', target: 'customize[0]', message }];
  const step = { title: 'Customize 1/1', tail: ['about to fail', ''] };
  const report = failureText({ code: 'CustomizerFailed', message, details, step }, style);
  assert.equal(report.split('about to fail').length - 1, 1);
  const other = failureText({ code: 'CustomizerFailed', message: 'It failed', details, step }, style);
  assert.match(other, /Last lines of Customize 1\/1:\n {2}│ about to fail/);
});

test('stack, cause and internal notes are shown only when asked for', () => {
  const plain = failureReport(error, style, false);
  assert.ok(!plain.includes('/secret') && !plain.includes('ENOENT') && !plain.includes('    at '));
  const debug = failureReport(error, style, true);
  assert.ok(
    debug.includes('internal: looked in /secret') && debug.includes('ENOENT') && debug.includes('    at '),
  );
});

test('an unknown error is told as a defect, without its stack', () => {
  const report = failureReport(new TypeError('x is not a function'), style, false);
  assert.match(report, /^✖ Internal error: x is not a function\n/);
  assert.match(report, /GOLDSMITH_DEBUG=1/);
  assert.doesNotMatch(report, / {4}at /);
});

test('as JSON it has the shape of an ARM error and nothing internal', () => {
  assert.deepEqual(failureJson(error), {
    error: {
      code: 'SourceNotFound',
      message: 'There is no image "x\u001B[2J"',
      details: [{ code: 'NotThere', target: 'source', message: 'gone' }],
      hint: 'List them with `./goldsmith images list`.',
    },
  });
});
