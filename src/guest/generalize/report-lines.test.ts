import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROVEN_FACTS } from './proof-script.ts';
import { ReportReader } from './report-lines.ts';

test('a fact that was never stated does not hold', () => {
  const reader = new ReportReader('tag');
  for (const name of PROVEN_FACTS.slice(1)) assert.equal(reader.take(`@@tag fact ${name} yes`), true);
  const broken = reader.facts.filter((fact) => !fact.ok);
  assert.deepEqual(broken, [{ name: PROVEN_FACTS[0], ok: false, found: 'it was not examined' }]);
});

test('a fact that does not hold says what was found', () => {
  const reader = new ReportReader('tag');
  reader.take('@@tag fact no-host-keys no /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub');
  const fact = reader.facts.find(({ name }) => name === 'no-host-keys');
  assert.deepEqual(fact?.ok, false);
  assert.equal(fact?.found, '/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub');
});

test('lines of another script are log, not report', () => {
  const reader = new ReportReader('tag');
  assert.equal(reader.take('@@other fact no-host-keys yes'), false);
  assert.equal(reader.take('deleting keys'), false);
  assert.equal(reader.take('@@tag off'), true);
  assert.equal(reader.off, true);
});
