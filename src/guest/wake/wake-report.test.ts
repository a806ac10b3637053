import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWakeReport, unmetFacts, WAKE_FACTS } from './wake-report.ts';

const allWell = WAKE_FACTS.map((name) => `${name} yes`).join('\n');

test('a copy whose facts all hold can be used', () => {
  assert.deepEqual(unmetFacts(parseWakeReport(allWell)), []);
});

test('each fact that is denied, missing or half said keeps the copy from being used', () => {
  for (const name of WAKE_FACTS) {
    for (const line of [`${name} no because`, '', name, `${name} yesterday`, `${name}  yes`]) {
      const report = parseWakeReport(`\n${allWell}`.replace(`\n${name} yes`, `\n${line}`));
      assert.deepEqual(
        unmetFacts(report).map((fact) => fact.name),
        [name],
        line,
      );
    }
  }
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
