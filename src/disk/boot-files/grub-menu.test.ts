import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultEntry, isPlainPath } from './grub-menu.ts';

const uuid = '8e6c1d1a-2f0a-4c56-9d5e-0a1b2c3d4e5f';

function menu(lines: readonly string[], before = 'set default=0'): string {
  return [before, "menuentry 'Debian' {", ...lines.map((line) => `\t${line}`), '}'].join('\n');
}

const kernel = `linux /vmlinuz root=UUID=${uuid} ro console=ttyS0`;

test('a plain menu names a kernel, an initial RAM disk and its parameters', () => {
  assert.deepEqual(defaultEntry(menu([kernel, 'initrd /initrd.img'])), {
    kernelPath: '/vmlinuz',
    initrdPath: '/initrd.img',
    rootUuid: uuid,
    commandLine: `root=UUID=${uuid} ro console=ttyS0`,
  });
});

test('a menu as update-grub writes it is understood', () => {
  const config = [
    'if [ "${next_entry}" ] ; then',
    '   set default="${next_entry}"',
    'else',
    '   set default="0"',
    'fi',
    "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {",
    '\tload_video',
    '\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi',
    "\techo\t'Loading Linux 6.1.0-9 ...'",
    `\tlinux\t/boot/vmlinuz-6.1.0-9-amd64 root=UUID=${uuid} ro  quiet`,
    '\tinitrd\t/boot/initrd.img-6.1.0-9-amd64',
    '}',
    "submenu 'Advanced options' {",
    "\tmenuentry 'older' {",
    '\t\tlinux\t/boot/vmlinuz-5 root=/dev/sda1',
    '\t}',
    '}',
  ].join('\n');
  const entry = defaultEntry(config);
  assert.equal(entry?.kernelPath, '/boot/vmlinuz-6.1.0-9-amd64');
  assert.equal(entry.commandLine, `root=UUID=${uuid} ro quiet`);
});

const unclear: Readonly<Record<string, string>> = {
  'another default': menu([kernel, 'initrd /i'], 'set default="saved"'),
  'a default from a variable': menu([kernel, 'initrd /i'], 'set default="${saved_entry}"'),
  'entries elsewhere': `blscfg\n${menu([kernel, 'initrd /i'])}`,
  'a menu that loads another': menu(['configfile /other.cfg']),
  'a submenu first': `submenu 'x' {\n}\n${menu([kernel, 'initrd /i'])}`,
  'two kernels': menu([kernel, kernel, 'initrd /i']),
  'no initial RAM disk': menu([kernel]),
  'two initial RAM disks': menu([kernel, 'initrd /a /b']),
  'a variable in the parameters': menu([`${kernel} $vt_handoff`, 'initrd /i']),
  'a quoted parameter': menu([`${kernel} "a b"`, 'initrd /i']),
  'a control character': menu([`${kernel} a\u0007b`, 'initrd /i']),
  'parameters without end': menu([`${kernel} ${'x'.repeat(2000)}`, 'initrd /i']),
  'a root that is no file system UUID': menu(['linux /vmlinuz root=/dev/sda1', 'initrd /i']),
  'two roots': menu([`${kernel} root=/dev/sda1`, 'initrd /i']),
  'a kernel outside of its file system': menu([kernel.replace('/vmlinuz', '/../vmlinuz'), 'initrd /i']),
  'a device in front of a path': menu([kernel.replace('/vmlinuz', '(hd0,gpt1)/vmlinuz'), 'initrd /i']),
  'an entry without end': `menuentry 'x' {\n${kernel}\ninitrd /i`,
  'an empty file': '',
};

for (const [what, config] of Object.entries(unclear)) {
  test(`${what}: the firmware has to find out`, () => assert.equal(defaultEntry(config), undefined));
}

test('plain paths have no room for options, folders above or spaces', () => {
  for (const path of ['/vmlinuz', '/boot/vmlinuz-6.1.0~rc1+x']) assert.ok(isPlainPath(path), path);
  for (const path of ['vmlinuz', '/', '/a b', '/-a', '/a/../b', '/a,b', '/a"b', '/a\nb', '//a', undefined]) {
    assert.ok(!isPlainPath(path), String(path));
  }
});
