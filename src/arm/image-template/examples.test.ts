/** The example templates of the repository are legal, free of warnings, and mean what they should. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseTemplateDocument } from './parse-document.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
const files = globSync('*.json', { cwd: examples }).sort();

test('there are examples', () => {
  assert.ok(files.length >= 8, files.join());
});

suite('examples', () => {
  for (const file of files) {
    test(`${file} is legal, gives no warning and is named after its file`, () => {
      const parsed = readExample(file);
      assert.deepEqual(parsed.warnings, []);
      const name = parsed.template.name;
      assert.ok(name === file.replace(/\.json$/, '') || file === 'arm-template.json', name);
    });

    test(`the files that ${file} brings along exist`, () => {
      const { customize, validate } = readExample(file).template;
      for (const step of [...customize, ...(validate?.inVMValidations ?? [])]) {
        if ('script' in step && step.script.from === 'uri')
          assert.ok(existsSync(join(examples, step.script.uri)));
        if ('sourceUri' in step) assert.ok(existsSync(join(examples, step.sourceUri)), step.sourceUri);
      }
    });
  }
});

test('nginx-vhd.json builds a web server from Debian 12 into one VHD', () => {
  const { template } = readExample('nginx-vhd.json');
  assert.deepEqual(template.source, {
    type: 'PlatformImage',
    publisher: 'Debian',
    offer: 'debian-12',
    sku: '12-gen2',
    version: 'latest',
    planInfo: undefined,
  });
  const [shell] = template.customize;
  assert.ok(shell?.type === 'Shell' && shell.script.from === 'inline');
  assert.match(shell.script.lines.join('\n'), /apt-get install -y nginx-light[^]*forged by goldsmith/);
  assert.deepEqual(template.distribute, [
    { type: 'VHD', runOutputName: 'nginx-vhd', artifactTags: {}, uri: undefined },
  ]);
});

function readExample(file: string) {
  const parsed = parseTemplateDocument(readFileSync(join(examples, file), 'utf8'));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed;
}
