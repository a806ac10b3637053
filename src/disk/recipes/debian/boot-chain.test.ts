import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB, MIB } from '../../../model/sizes.ts';
import { patchBootImage, patchCoreImage } from './bios-boot.ts';
import { efiGrubConfig, filesOfDisk } from './boot-config.ts';
import { parseFacts } from './bootstrap.ts';
import { versionOf } from './build-debian-base.ts';
import { deriveIds, rootBytes, ROOT_OFFSET } from './disk-layout.ts';
import { usedInodes } from './root-filesystem.ts';

test('boot code keeps the partition table and points at the BIOS boot partition', () => {
  const boot = Buffer.alloc(512, 0x11);
  boot.writeUInt16BE(0xeb05, 0x66);
  const sector0 = Buffer.alloc(512, 0x22);
  const patched = patchBootImage(boot, sector0);
  assert.equal(patched.readBigUInt64LE(0x5c), 2048n);
  assert.equal(patched.readUInt16BE(0x66), 0x9090);
  assert.deepEqual(patched.subarray(0x1b8), sector0.subarray(0x1b8));
  assert.deepEqual(patched.subarray(0x003, 0x05a), sector0.subarray(0x003, 0x05a));
  assert.equal(patched[0x100], 0x11);
});

test('a boot image of another form is refused instead of patched', () => {
  assert.throws(() => patchBootImage(Buffer.alloc(512), Buffer.alloc(512)), /unexpected form/);
  assert.throws(() => patchCoreImage(Buffer.alloc(4 * MIB)), /does not fit/);
});

test('the core finds its rest right behind its first sector', () => {
  assert.equal(patchCoreImage(Buffer.alloc(4096)).readBigUInt64LE(0x1f4), 2049n);
});

test('equal input gives equal identifiers, and each generation has its own', () => {
  assert.deepEqual(deriveIds('t', 'V1', GIB), deriveIds('t', 'V1', GIB));
  const all = [deriveIds('t', 'V1', GIB), deriveIds('t', 'V2', GIB), deriveIds('u', 'V1', GIB)];
  assert.equal(new Set(all.flatMap((ids) => Object.values(ids))).size, 15);
});

test('the root partition is whole MiB and ends before the backup table', () => {
  const bytes = rootBytes(4 * GIB);
  assert.equal(bytes % MIB, 0);
  assert.ok(ROOT_OFFSET + bytes <= 4 * GIB - 33 * 512);
});

test('only Generation 2 mounts an EFI system partition', () => {
  const fstab = (generation: 'V1' | 'V2'): string | undefined =>
    filesOfDisk(generation, deriveIds('t', generation, GIB)).find(({ path }) => path === '/etc/fstab')
      ?.content;
  assert.doesNotMatch(fstab('V1') ?? '', /efi/);
  assert.match(fstab('V2') ?? '', /^UUID=[0-9A-F]{4}-[0-9A-F]{4} \/boot\/efi vfat .*nofail/m);
});

test('the signed loader looks for the root file system of its own disk', () => {
  const ids = deriveIds('t', 'V2', GIB);
  assert.match(efiGrubConfig(ids), new RegExp(`^search.fs_uuid ${ids.root} root$`, 'm'));
});

test('facts of the new system become a gallery version', () => {
  const facts = parseFacts(
    'debian-version 12.13\nrelease-date 1700000000\nrelease-date 1763700000\n\nbash 5.2-1\n',
  );
  assert.deepEqual(facts.packages, { bash: '5.2-1' });
  assert.equal(versionOf(facts), '12.13.20251121');
  assert.throws(() => parseFacts('debian-version trixie/sid\n\n'), /which version/);
});

test('used inodes are counted from the file system header', () => {
  assert.equal(usedInodes('Inode count:              1000\nFree inodes:              400\n'), 600);
  assert.equal(usedInodes('nothing'), 0);
});
