/** Small tar archives of configuration files, owned by root (POSIX ustar interchange format, IEEE 1003.1 pax). */

export interface ArchiveFile {
  /** Absolute path in the target; at most 100 bytes. */
  readonly path: string;
  readonly content?: string;
  /** Target of a symbolic link, instead of content. */
  readonly linkTo?: string;
  /** Default 0644. */
  readonly mode?: number;
}

const BLOCK_BYTES = 512;

/** The archive's bytes; the same input gives the same bytes. `mtime` in seconds since 1970. */
export function encodeTar(files: readonly ArchiveFile[], mtime: number): Buffer {
  const blocks: Buffer[] = [];
  for (const file of files) {
    const content = Buffer.from(file.content ?? '');
    blocks.push(encodeHeader(file, content.length, mtime), content);
    blocks.push(Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function encodeHeader(file: ArchiveFile, sizeBytes: number, mtime: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const name = `.${file.path}`;
  if (Buffer.byteLength(name) > 100) throw new RangeError(`path too long for a ustar header: ${file.path}`);
  const isLink = file.linkTo !== undefined;
  header.write(name, 0);
  header.write(octal(isLink ? 0o777 : (file.mode ?? 0o644), 7), 100);
  header.write(octal(0, 7), 108); // owner root
  header.write(octal(0, 7), 116); // group root
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(mtime, 11), 136);
  header.write(' '.repeat(8), 148); // the checksum counts its own field as spaces
  header.write(isLink ? '2' : '0', 156);
  header.write(file.linkTo ?? '', 157);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
