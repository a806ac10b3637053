/**
 * Files that try to make us read something else on this machine, or work without end. The secret is a
 * file that only a leak could bring into the output.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { GIB, MIB } from '../../model/sizes.ts';
import { writePatternedDisk } from '../testing/patterned-disk.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { vhdChecksum } from '../vhd-footer.ts';
import { importToRaw } from './import-to-raw.ts';
import { inspectUpload } from './inspect-upload.ts';

/** Nothing here may take long; what hangs fails. */
const signal = AbortSignal.timeout(120_000);
const SECRET = 'the host keeps this to itself';

interface Stage {
  readonly folder: string;
  readonly secret: string;
  readonly image: string;
}

function stage(t: TestContext): Stage {
  const folder = scratchFolder(t);
  const secret = join(folder, 'secret');
  writeFileSync(secret, Buffer.alloc(2 * MIB, `${SECRET}\n`), { mode: 0o644 });
  return { folder, secret, image: join(folder, 'image') };
}

/** Both entrances say no for the given reason, and nothing is left. */
async function assertRefused(image: string, folder: string, reason: RegExp): Promise<void> {
  const dest = join(folder, 'imported.raw');
  const before = readdirSync(folder);
  for (const attempt of [
    () => inspectUpload(image, { signal }),
    () => importToRaw(image, dest, { signal }),
  ]) {
    await assert.rejects(attempt, (error) => {
      assert.ok(isGoldsmithError(error, 'ImageRefused'), String(error));
      assert.match(error.message, reason);
      assert.ok(!error.message.includes(SECRET));
      return true;
    });
  }
  assert.deepEqual(readdirSync(folder), before);
}

async function qemuImg(...argv: readonly string[]): Promise<void> {
  await runCommand(['qemu-img', ...argv]);
}

test('the secret leaks through a plain conversion, so these tests can see a leak', async (t) => {
  const { folder, secret, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, image);
  await qemuImg('convert', '-O', 'raw', image, join(folder, 'leaked.raw'));
  assert.ok(readFileSync(join(folder, 'leaked.raw')).includes(SECRET));
});

test('a qcow2 with a backing file is refused', async (t) => {
  const { folder, secret, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, image);
  await assertRefused(image, folder, /backing file/);
});

test('a qcow2 whose backing file is on the network is refused before anybody connects', async (t) => {
  const { folder, image } = stage(t);
  const backing = 'json:{"driver":"nbd","server":{"type":"inet","host":"127.0.0.1","port":"9"}}';
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', backing, image, '1M');
  await assertRefused(image, folder, /backing file/);
});

test('a qcow2 with an external data file is refused, also when only the feature bit or only the name is there', async (t) => {
  const { folder, secret, image } = stage(t);
  const data = join(folder, 'data');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data},data_file_raw=on`, image, '1M');
  const original = readFileSync(image);
  writeFileSync(
    image,
    Buffer.from(original.toString('latin1').replaceAll(data, secret.slice(0, data.length)), 'latin1'),
  );
  await assertRefused(image, folder, /data in another file/);
  const withoutBit = Buffer.from(original);
  withoutBit.writeBigUInt64BE(0n, 72);
  writeFileSync(image, withoutBit);
  await assertRefused(image, folder, /external data file/);
});

test('an encrypted, a corrupt and a version 1 qcow2 are refused', async (t) => {
  const { folder, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'qcow2', image, '1M');
  const original = readFileSync(image);
  for (const [offset, value, reason] of [
    [35, 1, /encrypted/],
    [35, 2, /encrypted/],
    [79, 2, /corrupt/],
    [79, 0x80, /unknown features/],
    [7, 1, /version 1/],
    [23, 40, /cluster size/],
  ] as const) {
    const changed = Buffer.from(original);
    changed[offset] = value;
    writeFileSync(image, changed);
    await assertRefused(image, folder, reason);
  }
});

test('enormous disks are refused by their size alone, and so are disks of no bytes', async (t) => {
  const { folder, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', image, '63T');
  await assertRefused(image, folder, /63 TiB; at most 4\.0 TiB|63 TiB; at most/);
  await qemuImg('create', '-q', '-f', 'qcow2', image, '0');
  await assertRefused(image, folder, /no bytes/);
  writeFileSync(image, 'x');
  truncateSync(image, 4096 * GIB);
  await assertRefused(image, folder, /at most/);
  writeFileSync(image, '');
  await assertRefused(image, folder, /empty/);
  const smaller = { signal, maxVirtualSizeBytes: MIB };
  await qemuImg('create', '-q', '-f', 'vhdx', image, '2M');
  await assert.rejects(inspectUpload(image, smaller), /holds a disk of 2 MiB; at most 1 MiB/);
});

test('a VMDK descriptor that names a file of the host is refused, also behind comments', async (t) => {
  const { folder, secret, image } = stage(t);
  const body = (file: string): string =>
    `version=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 4 FLAT "${file}" 0\nddb.adapterType = "ide"\n`;
  for (const file of ['/etc/passwd', secret]) {
    for (const head of [
      '# Disk DescriptorFile\n',
      '',
      '# a comment\n\n# another\n',
      '\n  # disk descriptorfile\n',
    ]) {
      writeFileSync(image, head + body(file));
      await assertRefused(image, folder, /descriptor/);
    }
  }
});

test('a VMDK of several files is refused', async (t) => {
  const { folder, image } = stage(t);
  for (const subformat of ['monolithicFlat', 'twoGbMaxExtentSparse']) {
    const descriptor = join(folder, `${subformat}.vmdk`);
    await qemuImg('create', '-q', '-f', 'vmdk', '-o', `subformat=${subformat}`, descriptor, '4M');
    await assertRefused(descriptor, folder, /descriptor/);
  }
  assert.ok(!existsSync(image));
});

test('a sparse VMDK whose embedded descriptor points elsewhere is refused', async (t) => {
  const { folder, secret, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicSparse', image, '4M');
  const original = readFileSync(image);
  const edit = (change: (text: string) => string, capacity?: bigint): void => {
    const bytes = Buffer.from(original);
    const [start, length] = [512, 20 * 512];
    const text = bytes.toString('latin1', start, start + length).replace(/\0[^]*$/, '');
    bytes.fill(0, start, start + length).write(change(text), start, 'latin1');
    if (capacity !== undefined) bytes.writeBigUInt64LE(capacity, 12);
    writeFileSync(image, bytes);
  };
  const flat = `RW 4096 FLAT "${secret}" 0`;
  edit((text) => text.replace(/RW .*/, flat));
  await assertRefused(image, folder, /another file/);
  edit((text) => text.replace(/RW .*/, flat), 0n);
  await assertRefused(image, folder, /capacity/);
  edit((text) => text.replace(/(RW .*)/, `$1\n${flat}`));
  await assertRefused(image, folder, /self-contained/);
  edit((text) => text.replace(/RW .*/, `RW 8192 SPARSE "${secret}"`));
  await assertRefused(image, folder, /another file/);
  edit((text) => text.replace('parentCID=ffffffff', `parentCID=12345678\nparentFileNameHint="${secret}"`));
  await assertRefused(image, folder, /parent/);
  edit((text) => text.replace('parentCID=ffffffff', 'parentCID=12345678'));
  await assertRefused(image, folder, /parent/);
  edit((text) => text.replace('monolithicSparse', 'vmfs'));
  await assertRefused(image, folder, /"vmfs"/);
  edit((text) => text);
  assert.equal((await inspectUpload(image, { signal })).format, 'vmdk');
});

test('a differencing VHD is refused, dynamic or with its footer at the end only', async (t) => {
  const { folder, image } = stage(t);
  for (const subformat of ['dynamic', 'fixed']) {
    await qemuImg('create', '-q', '-f', 'vpc', '-o', `subformat=${subformat},force_size=on`, image, '4M');
    const bytes = readFileSync(image);
    const footer = subformat === 'dynamic' ? bytes.subarray(0, 512) : bytes.subarray(-512);
    footer.writeUInt32BE(4, 60);
    footer.writeUInt32BE(vhdChecksum(footer, 64), 64);
    writeFileSync(image, bytes);
    await assertRefused(image, folder, /differencing/);
    footer.writeUInt32BE(5, 64);
    writeFileSync(image, bytes);
    await assertRefused(image, folder, /checksum/);
  }
});

test('a VHDX with a parent is refused', async (t) => {
  const { folder, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'vhdx', image, '4M');
  const bytes = readFileSync(image);
  const table = bytes.indexOf('metadata', 0, 'latin1');
  const parameters = bytes.indexOf(Buffer.from('3767a1ca36fa434db3b633f0aa44e76b', 'hex'), table);
  const item = table + bytes.readUInt32LE(parameters + 16);
  bytes.writeUInt32LE(bytes.readUInt32LE(item + 4) | 2, item + 4);
  writeFileSync(image, bytes);
  await assertRefused(image, folder, /differencing/);
});

// A fixed VHD without its end is not among them: nothing distinguishes it from a raw disk.
test('files that are cut off are refused, wherever the cut is', async (t) => {
  const { folder } = stage(t);
  const raw = join(folder, 'disk.raw');
  writePatternedDisk(raw, 8 * MIB);
  for (const [format, options] of [
    ['qcow2', ''],
    ['vhdx', ''],
    ['vmdk', 'subformat=monolithicSparse'],
    ['vmdk', 'subformat=streamOptimized'],
    ['vpc', 'subformat=dynamic'],
  ] as const) {
    const image = join(folder, `image.${format}`);
    const convert = [
      'convert',
      '-f',
      'raw',
      '-O',
      format,
      ...(options === '' ? [] : ['-o', options]),
      raw,
      image,
    ];
    await qemuImg(...convert);
    const { size } = statSync(image);
    for (const bytesLeft of [20, 100, 600, 5000, 70_000, 300_000, size - 66_000]) {
      if (size <= bytesLeft) continue;
      await qemuImg(...convert);
      truncateSync(image, bytesLeft);
      const dest = join(folder, 'imported.raw');
      await assert.rejects(importToRaw(image, dest, { signal }), (error) => {
        assert.ok(isGoldsmithError(error, 'ImageRefused'), `${format} ${bytesLeft}: ${String(error)}`);
        return true;
      });
      assert.ok(!existsSync(dest));
    }
  }
});

test('a FIFO, a device, a folder and a symbolic link are refused without waiting', async (t) => {
  const { folder, secret, image } = stage(t);
  await runCommand(['mkfifo', image]);
  await assertRefused(image, folder, /not a regular file/);
  await assertRefused('/dev/zero', folder, /not a regular file/);
  mkdirSync(join(folder, 'folder'));
  await assertRefused(join(folder, 'folder'), folder, /not a regular file/);
  symlinkSync(secret, join(folder, 'link'));
  await assertRefused(join(folder, 'link'), folder, /symbolic link/);
  await assert.rejects(inspectUpload(join(folder, 'nothing'), { signal }), (error) =>
    isGoldsmithError(error, 'SourceNotFound'),
  );
});

test('other formats and packed files are named as what they are', async (t) => {
  const { folder, image } = stage(t);
  await qemuImg('create', '-q', '-f', 'vdi', image, '4M');
  await assertRefused(image, folder, /VDI/);
  await qemuImg('create', '-q', '-f', 'qed', image, '4M');
  await assertRefused(image, folder, /QED/);
  await runCommand(['gzip', '-f', image]);
  await assertRefused(`${image}.gz`, folder, /gzip/);
});

test('an upload whose name looks like an instruction is only a file', async (t) => {
  const { folder } = stage(t);
  const raw = join(folder, 'disk.raw');
  writePatternedDisk(raw, 2 * MIB);
  for (const name of ['json:{}', 'nbd:127.0.0.1:9', '-f', 'a,b=c "d".qcow2']) {
    const image = join(folder, name);
    await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', 'disk.raw', './made.qcow2'], {
      cwd: folder,
    });
    await runCommand(['mv', '--', join(folder, 'made.qcow2'), image]);
    await importToRaw(image, join(folder, 'imported.raw'), { signal });
    assert.ok(readFileSync(join(folder, 'imported.raw')).equals(readFileSync(raw)));
  }
});
