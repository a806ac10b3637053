import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { GIB, MIB } from '../model/sizes.ts';
import { admit, readHostResources } from './resources.ts';

/** Reads resources from a made-up /proc and /sys. */
function readFrom(files: Readonly<Record<string, string>>): { cpus: number; memoryBytes: number } {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-resources-'));
  try {
    const all = { 'proc/meminfo': `MemTotal: 9 kB\nMemAvailable:   ${4 * 1024 * 1024} kB\n`, ...files };
    for (const [path, content] of Object.entries(all)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return readHostResources(tmpdir(), root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('without limits the available memory is what the kernel says', () => {
  assert.equal(readFrom({}).memoryBytes, 4 * GIB);
  assert.ok(readFrom({}).cpus >= 1);
});

test('the tightest cgroup on the way up limits memory, and droppable page cache counts as free', () => {
  const { memoryBytes } = readFrom({
    'proc/self/cgroup': '0::/system.slice/build.service\n',
    'sys/fs/cgroup/system.slice/build.service/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/memory.max': `${GIB}\n`,
    'sys/fs/cgroup/system.slice/memory.current': `${768 * MIB}\n`,
    'sys/fs/cgroup/system.slice/memory.stat': `anon 5\ninactive_file ${256 * MIB}\n`,
  });
  assert.equal(memoryBytes, 512 * MIB);
});

test('a version 1 memory limit counts, also when only the mount of the container is visible', () => {
  const { memoryBytes } = readFrom({
    'proc/self/cgroup': '4:memory:/host/path/not/visible\n0::/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${2 * GIB}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${GIB}\n`,
  });
  assert.equal(memoryBytes, GIB);
});

test('memory over the limit is no memory, not a negative amount', () => {
  const { memoryBytes } = readFrom({
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/memory.max': '100\n',
    'sys/fs/cgroup/memory.current': '200\n',
  });
  assert.equal(memoryBytes, 0);
});

test('a CPU quota below the number of processors wins, and half a processor is still one', () => {
  const v2 = { 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': '50000 100000\n' };
  assert.equal(readFrom(v2).cpus, 1);
  const v1 = {
    'proc/self/cgroup': '1:cpu,cpuacct:/\n',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '100000\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  };
  assert.equal(readFrom(v1).cpus, 1);
  const none = { 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': 'max 100000\n' };
  assert.equal(readFrom(none).cpus, readFrom({}).cpus);
});

test('a build that does not fit is refused with every shortage and its numbers', () => {
  const host = { cpus: 2, memoryBytes: GIB, diskBytes: 10 * GIB, folder: '/srv' };
  admit({ memoryBytes: GIB, diskBytes: 10 * GIB }, host);
  assert.throws(
    () => admit({ memoryBytes: 2 * GIB, diskBytes: 30 * GIB }, host),
    (error) =>
      isGoldsmithError(error, 'InsufficientResources') &&
      error.message ===
        'The build does not fit: 2 GiB of memory is needed and 1 GiB is available; ' +
          '30 GiB of disk is needed and 10 GiB is free in /srv',
  );
});
