import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findChecksum } from './checksums.ts';

const sha256 = 'a1'.repeat(32);
const sha512 = 'b2'.repeat(64);

const forms: readonly [name: string, text: string, hex: string][] = [
  ['GNU text lines', `${sha256}  disk.img\n`, sha256],
  ['GNU binary lines', `${sha256} *disk.img\n`, sha256],
  ['names with folders', `${sha512}  ./images/disk.img\n`, sha512],
  ['BSD lines with a comment', `# disk.img: 123 bytes\nSHA256 (disk.img) = ${sha256}\n`, sha256],
  ['upper-case digits and Windows line ends', `SHA512 (disk.img) = ${sha512.toUpperCase()}\r\n`, sha512],
  ['a signed file', `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${sha256}  disk.img\n`, sha256],
  ['several algorithms', `${sha256}  disk.img\n${sha512}  disk.img\n${'c'.repeat(32)}  disk.img\n`, sha512],
];

for (const [name, text, hex] of forms) {
  test(`a checksum is found in ${name}`, () => {
    const expected = { algorithm: hex.length === 64 ? 'sha256' : 'sha512', hex };
    assert.deepEqual(findChecksum(text, 'disk.img'), expected);
  });
}

const absent: readonly [name: string, text: string][] = [
  ['another file', `${sha256}  other-disk.img\n${sha256}  disk.img.old\n`],
  ['MD5 only', `${'c'.repeat(32)}  disk.img\n`],
  ['two different sums', `${sha256}  disk.img\n${'d'.repeat(64)}  old/disk.img\n`],
  ['a cut line', `${sha256.slice(0, 50)}  disk.img\n`],
  ['nothing', ''],
];

for (const [name, text] of absent) {
  test(`no checksum is found in a file with ${name}`, () => {
    assert.equal(findChecksum(text, 'disk.img'), undefined);
  });
}
