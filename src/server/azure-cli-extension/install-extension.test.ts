import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installAzExtension } from './install-extension.ts';

test('az is made to look for commands again when the extension is new or changed, and only then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-az-extension-'));
  try {
    const index = join(folder, 'commandIndex.json');
    const module = join(folder, 'cliextensions', 'goldsmith', 'azext_goldsmith', '__init__.py');
    const remembers = (): boolean => {
      writeFileSync(index, '{}');
      installAzExtension(folder);
      return existsSync(index);
    };
    assert.equal(remembers(), false);
    assert.match(readFileSync(module, 'utf8'), /COMMAND_LOADER_CLS/);
    assert.equal(remembers(), true);
    writeFileSync(module, '# of an older Goldsmith\n');
    assert.equal(remembers(), false);
    assert.match(readFileSync(module, 'utf8'), /COMMAND_LOADER_CLS/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
