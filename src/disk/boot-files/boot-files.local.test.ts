/** Disks with file systems made by mke2fs; debugfs reads them back. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { MIB } from '../../model/sizes.ts';
import { gptTypes } from '../partition-table/partition.ts';
import { writeGpt } from '../partition-table/write-gpt.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { readBootFiles, type BootFiles } from './boot-files.ts';

const uuid = '8e6c1d1a-2f0a-4c56-9d5e-0a1b2c3d4e5f';
const START_BYTES = 2 * MIB;
const FILE_SYSTEM_BYTES = 8 * MIB;
const DISK_BYTES = 24 * MIB;

function kernelBytes(): Buffer {
  const bytes = Buffer.alloc(4096, 7);
  bytes.write('HdrS', 0x202, 'latin1');
  return bytes;
}

/** A `string` is a file; `{ link }` a symbolic link. */
type Tree = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

const menu = `set default=0\nmenuentry 'x' {\n linux /vmlinuz root=UUID=${uuid} ro\n initrd /initrd.img\n}\n`;

const plain: Tree = {
  'boot/grub/grub.cfg': menu,
  'boot/vmlinuz-6.1': kernelBytes(),
  'boot/initrd.img-6.1': 'initial RAM disk',
  vmlinuz: { link: 'boot/vmlinuz-6.1' },
  'initrd.img': { link: '/boot/initrd.img-6.1' },
};

async function read(t: TestContext, tree: Tree, copies = 1): Promise<BootFiles | undefined> {
  const folder = scratchFolder(t);
  const content = join(folder, 'tree');
  for (const [path, value] of Object.entries(tree)) {
    mkdirSync(dirname(join(content, path)), { recursive: true });
    if (typeof value === 'string' || Buffer.isBuffer(value)) writeFileSync(join(content, path), value);
    else symlinkSync(value.link, join(content, path));
  }
  const disk = join(folder, 'disk.raw');
  writeFileSync(disk, '');
  truncateSync(disk, DISK_BYTES);
  const starts = Array.from({ length: copies }, (_, index) => START_BYTES + index * FILE_SYSTEM_BYTES);
  await writeGpt(disk, DISK_BYTES, {
    diskGuid: '00112233-4455-6677-8899-aabbccddeeff',
    partitions: starts.map((start, index) => ({
      number: index + 1,
      typeGuid: gptTypes.linuxData,
      partitionGuid: `00112233-4455-6677-8899-aabbccddee0${index}`,
      name: 'root',
      firstSector: start / 512,
      lastSector: (start + FILE_SYSTEM_BYTES) / 512 - 1,
    })),
  });
  for (const start of starts) {
    const place = ['-E', `offset=${start}`, '-U', uuid, '-d', content, disk, `${FILE_SYSTEM_BYTES / 1024}k`];
    await runCommand(['mke2fs', '-q', '-F', '-t', 'ext4', ...place]);
  }
  const out = join(folder, 'out');
  mkdirSync(out);
  chmodSync(folder, 0o755);
  const user = {
    name: 'test',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    dropsPrivileges: false,
  };
  return readBootFiles(disk, { folder: out, user, signal: AbortSignal.timeout(30_000) });
}

test('kernel and initial RAM disk of a plain disk are copied out, through links', async (t) => {
  const found = await read(t, plain);
  assert.ok(found !== undefined);
  assert.deepEqual(readFileSync(found.kernelPath), kernelBytes());
  assert.equal(readFileSync(found.initrdPath, 'utf8'), 'initial RAM disk');
  assert.equal(found.commandLine, `root=UUID=${uuid} ro`);
  assert.equal(found.kernelName, '/vmlinuz');
});

const refused: Readonly<Record<string, Tree>> = {
  'no menu': { ...plain, 'boot/grub/grub.cfg': { link: '/nowhere' } },
  'a menu of its administrator': { ...plain, 'boot/grub/custom.cfg': '' },
  'a chosen next entry': { ...plain, 'boot/grub/grubenv': '# GRUB\nnext_entry=2\n' },
  'a link that leads to itself': { ...plain, vmlinuz: { link: 'vmlinuz' } },
  'a link through a name with a space': { ...plain, vmlinuz: { link: 'boot/a b' } },
  'a link with a quote': { ...plain, vmlinuz: { link: 'a"; dump /x' } },
  'a kernel that is none': { ...plain, 'boot/vmlinuz-6.1': 'text' },
  'a folder for a kernel': { ...plain, vmlinuz: { link: 'boot' } },
  'an empty initial RAM disk': { ...plain, 'boot/initrd.img-6.1': '' },
  'a root on another file system': {
    ...plain,
    'boot/grub/grub.cfg': menu.replace('8e6c1d1a', '00000000'),
  },
};

for (const [what, tree] of Object.entries(refused)) {
  test(`a disk with ${what} boots by itself`, async (t) => assert.equal(await read(t, tree), undefined));
}

test('a disk with two file systems boots by itself', async (t) => {
  assert.equal(await read(t, plain, 2), undefined);
});
