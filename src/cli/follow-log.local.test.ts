import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { followLog } from './follow-log.ts';

test('a finished log is printed to its end, also a last line without a line end', async () => {
  using log = scratchLog('one\ntwo\nthr');
  const lines: string[] = [];
  await followLog(
    { ...log, isOver: async () => true },
    (line) => lines.push(line),
    new AbortController().signal,
  );
  assert.deepEqual(lines, ['one', 'two', 'thr']);
});

test('a growing log is printed as it grows, until it is over', async () => {
  using log = scratchLog('one\n');
  const lines: string[] = [];
  let over = false;
  const followed = followLog(
    { ...log, isOver: async () => over },
    (line) => {
      lines.push(line);
      if (line === 'one') appendFileSync(log.path, 'zwölf\nla');
      if (line === 'zwölf') {
        appendFileSync(log.path, 'st\n');
        over = true;
        writeFileSync(join(log.folder, 'run.json'), '{}');
      }
    },
    new AbortController().signal,
  );
  await followed;
  assert.deepEqual(lines, ['one', 'zwölf', 'last']);
});

test('following ends when it is cancelled', async () => {
  using log = scratchLog('one\n');
  const controller = new AbortController();
  const reason = new Error('enough');
  const followed = followLog(
    { ...log, isOver: async () => false },
    () => controller.abort(reason),
    controller.signal,
  );
  await assert.rejects(followed, reason);
});

test('a log that is not there is a usage error', async () => {
  using log = scratchLog('');
  const missing = followLog(
    { path: join(log.folder, 'gone'), folder: log.folder, isOver: async () => true },
    () => undefined,
    new AbortController().signal,
  );
  await assert.rejects(missing, (error) => isGoldsmithError(error, 'BadUsage'));
});

function scratchLog(text: string): Disposable & { path: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-log-'));
  const path = join(folder, 'customization.log');
  writeFileSync(path, text);
  return { path, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
