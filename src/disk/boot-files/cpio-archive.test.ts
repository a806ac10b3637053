import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpioArchive } from './cpio-archive.ts';

interface Found {
  readonly name: string;
  readonly mode: number;
  readonly content: string;
}

/** Reads an archive by the kernel's own rules: headers of 110 characters, name and content padded to 4 bytes. */
function readArchive(bytes: Buffer): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701');
    const field = (index: number): number =>
      Number.parseInt(bytes.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const nameEnd = at + 110 + field(11);
    const start = (nameEnd + 3) & ~3;
    const name = bytes.toString('utf8', at + 110, nameEnd - 1);
    found.push({ name, mode: field(1), content: bytes.toString('utf8', start, start + field(6)) });
    at = (start + field(6) + 3) & ~3;
  }
  return found;
}

test('an archive holds folders and files in their order, and its end', () => {
  const entries = [
    { path: 'conf' },
    { path: 'conf/a', content: 'one\n' },
    { path: 'conf/bc', content: 'häß' },
  ];
  const bytes = cpioArchive(entries);
  assert.deepEqual(readArchive(bytes), [
    { name: 'conf', mode: 0o040755, content: '' },
    { name: 'conf/a', mode: 0o100644, content: 'one\n' },
    { name: 'conf/bc', mode: 0o100644, content: 'häß' },
    { name: 'TRAILER!!!', mode: 0, content: '' },
  ]);
  assert.equal(bytes.length % 4, 0, 'another archive may follow');
});
