import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildProgram } from './program.ts';
import { referencePage } from './reference-page.ts';
import { watchSignals } from './signals.ts';
import { fakePorts } from './testing/fake-ports.ts';
import { memoryIo } from './testing/memory-io.ts';

test('docs/reference/cli.md is what the program says about itself', () => {
  const noSignals = { on: () => undefined, off: () => undefined, exit: () => undefined };
  using cancellation = watchSignals(noSignals, () => undefined);
  const context = { io: memoryIo(), ports: fakePorts(), cancellation, finish: () => undefined };
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/cli.md'), 'utf8');
  const update = 'run `tools/node src/cli/write-reference.ts`';
  assert.equal(page, referencePage(buildProgram(context, '')), update);
});
