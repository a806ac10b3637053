import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openHome } from '../host/home.ts';
import { connectTemplates } from './connect-templates.ts';
import { smallTemplate } from './testing/templates.ts';

const folder = mkdtempSync(join(tmpdir(), 'goldsmith-source-'));
after(() => rmSync(folder, { recursive: true }));
const home = openHome({ GOLDSMITH_HOME: folder });
const templates = connectTemplates(() => home);

test('a source that the catalogue has is no news', async () => {
  const outcome = await templates.parse(JSON.stringify(smallTemplate), {});
  assert.deepEqual([outcome.valid, outcome.warnings], [true, []]);
});

test('a source that this machine lacks is a warning, not a problem of the template', async () => {
  const outcome = await parseWith({ source: { ...smallTemplate.properties.source, sku: 'no-such' } });
  assert.equal(outcome.valid, true);
  assert.deepEqual(
    outcome.warnings.map(({ path, code }) => [path, code]),
    [['$.properties.source', 'SourceNotHere']],
  );
});

test('a kind that cannot run on a Linux source is a problem of the template', async () => {
  const outcome = await parseWith({ customize: [{ type: 'WindowsRestart' }] });
  assert.ok(!outcome.valid);
  assert.deepEqual(
    outcome.issues.map(({ path, code }) => [path, code]),
    [['$.properties.customize[0].type', 'UnsupportedCustomizerType']],
  );
});

test('a source that the catalogue says is Windows is judged as Windows', async () => {
  const entry = {
    ...{
      publisher: 'Contoso',
      offer: 'win',
      sku: '2025',
      version: '1.0.0',
      generation: 'V2',
      osType: 'Windows',
    },
    ...{ provisioning: 'azure', from: { url: 'https://images.example/win.vhd', sha256: '0'.repeat(64) } },
  };
  writeFileSync(join(folder, 'catalogue.json'), JSON.stringify({ images: [entry] }));
  const source = { type: 'PlatformImage', publisher: 'Contoso', offer: 'win', sku: '2025', version: '1.0.0' };
  const outcome = await parseWith({ source, customize: [{ type: 'Shell', inline: ['ls'] }] });
  assert.ok(!outcome.valid);
  assert.match(outcome.issues[0]?.message ?? '', /works in Linux only/);
});

test('without a home folder only the template itself is judged', async () => {
  const homeless = connectTemplates(() => {
    throw new Error('read-only file system');
  });
  const outcome = await homeless.parse(JSON.stringify(smallTemplate), {});
  assert.deepEqual([outcome.valid, outcome.warnings], [true, []]);
});

async function parseWith(properties: object) {
  const template = { ...smallTemplate, properties: { ...smallTemplate.properties, ...properties } };
  return templates.parse(JSON.stringify(template), {});
}
