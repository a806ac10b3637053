import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReachable, parseWakeReport, unmetFacts, WAKE_FACTS } from './wake-report.ts';

const allWell = WAKE_FACTS.map((name) => `${name} yes`).join('\n');

test('a copy whose facts all hold can be used', () => {
  assert.deepEqual(unmetFacts(parseWakeReport(allWell)), []);
});

test('each fact that is denied, missing or half said keeps the copy from being used', () => {
  for (const name of WAKE_FACTS) {
    for (const line of [`${name} no because`, '', name, `${name} yesterday`, `${name}  yes`]) {
      const report = parseWakeReport(allWell.replace(`${name} yes`, line));
      assert.deepEqual(
        unmetFacts(report).map((fact) => fact.name),
        [name],
        line,
      );
    }
  }
});

test('a login needs random numbers, but not the machine id', () => {
  assert.equal(isReachable(parseWakeReport(allWell.replace('machine-id yes', 'machine-id no'))), true);
  assert.equal(isReachable(parseWakeReport(allWell.replace('entropy yes', 'entropy no'))), false);
});

test('the first word on a fact counts, and unknown facts are no facts', () => {
  const report = parseWakeReport(`entropy no\n__proto__ yes\nrich yes\n${allWell}`);
  assert.deepEqual(
    unmetFacts(report).map((fact) => fact.name),
    ['entropy'],
  );
  assert.equal(report.facts.length, WAKE_FACTS.length);
});

test('details cannot move the cursor and are short', () => {
  const [fact] = parseWakeReport(`entropy no \u001b[2J\r${'long '.repeat(100)}`).facts;
  assert.equal(fact?.detail.slice(0, 6), '?[2J?l');
  assert.equal(fact?.detail.length, 200);
});
