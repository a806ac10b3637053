import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheEntry } from '../ports.ts';
import { fakePorts } from '../testing/fake-ports.ts';
import { memoryIo } from '../testing/memory-io.ts';
import { runCli } from '../testing/run-cli.ts';
import { ageText } from './cache.ts';

const HOUR_MS = 3_600_000;

function entry(name: string, wishes: Partial<CacheEntry> = {}): CacheEntry {
  const at = new Date(memoryIo().now() - 3 * HOUR_MS).toISOString();
  return {
    ...{ key: name.padEnd(64, '0'), parentKey: undefined, kind: 'step', title: name, templateName: 'web' },
    ...{ createdAt: at, lastUsedAt: at, tookMs: 1, sizeBytes: 2048 },
    ...wishes,
  };
}

const boot = entry('b', { kind: 'boot', title: 'Debian 12' });
const shell = entry('c', { title: 'Shell "nginx"', parentKey: boot.key });
const file = entry('d', { title: 'File "page"', parentKey: shell.key });
const other = entry('e', { kind: 'image', title: 'image', parentKey: 'gone' });

async function cli(args: readonly string[], checkpoints: readonly CacheEntry[]) {
  return runCli(args, { ports: fakePorts({ checkpoints }) });
}

test('cache list shows each checkpoint under the one it lies on, and how much there is of what may be', async () => {
  const { stdout, exitCode } = await cli(['cache', 'list'], [file, other, boot, shell]);
  assert.equal(exitCode, 0);
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(1, 5)
      .map((line) => line.slice(0, 16).trimEnd()),
    ['image', 'Debian 12', '  Shell "nginx"', '    File "page"'],
  );
  assert.match(stdout, /Debian 12 +boot +web +3 h +3 h +2 KiB +b00000000000\n/);
  assert.match(stdout, /\n8 KiB of at most 10 KiB\n$/);
});

test('cache list --json tells the same as one document', async () => {
  const { stdout } = await cli(['cache', 'list', '--json'], [boot]);
  assert.deepEqual(JSON.parse(stdout), {
    totalBytes: 2048,
    limitBytes: 10_240,
    entries: [JSON.parse(JSON.stringify(boot))],
  });
});

test('an empty cache says so', async () => {
  assert.match((await cli(['cache', 'list'], [])).stdout, /no checkpoints yet/);
  assert.match((await cli(['cache', 'prune'], [])).stdout, /Nothing to prune/);
});

test('cache prune passes its limits on in bytes and milliseconds, and says what went and why', async () => {
  const args = ['cache', 'prune', '--max-size', '1.5KiB', '--older-than', '2d'];
  const { stdout, asked } = await cli(args, [boot, shell]);
  assert.deepEqual(asked.prunes, [{ all: false, maxSizeBytes: 1536, maxIdleMs: 48 * HOUR_MS }]);
  assert.match(stdout, /Debian 12 +web +over the limit +2 KiB\n/);
  assert.match(stdout, /\nFreed 4 KiB\n$/);
  const json = await cli(['cache', 'prune', '--all', '--json'], [boot]);
  assert.deepEqual(json.asked.prunes, [{ all: true, maxSizeBytes: undefined, maxIdleMs: undefined }]);
  assert.match(json.stdout, /"freedBytes": 2048/);
});

test('a limit that is none is a usage error', async () => {
  for (const args of [
    ['--max-size', 'lots'],
    ['--older-than', '7'],
    ['--older-than', '-1d'],
  ]) {
    const { exitCode, asked } = await cli(['cache', 'prune', ...args], []);
    assert.deepEqual([exitCode, asked.prunes], [2, []]);
  }
});

test('ages are whole units, and never negative', () => {
  const ages = [-5, 59_999, 45 * 60_000, 47 * HOUR_MS, 48 * HOUR_MS].map(ageText);
  assert.deepEqual(ages, ['0 min', '0 min', '45 min', '47 h', '2 d']);
});
