/** Small cpio archives in the "newc" form that the kernel unpacks (kernel documentation, "initramfs buffer format"). */

export interface CpioEntry {
  /** Relative path; its folders come before it. */
  readonly path: string;
  /** Text of a file; undefined makes a folder. */
  readonly content?: string;
}

const FOLDER_MODE = 0o040755;
const FILE_MODE = 0o100644;
const ALIGNMENT = 4;

/** The archive, padded so that another archive may follow. Everything belongs to root and has time 0. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  return Buffer.concat([
    ...entries.map(({ path, content }, index) =>
      record(path, index + 1, content === undefined ? FOLDER_MODE : FILE_MODE, content ?? ''),
    ),
    record('TRAILER!!!', 0, 0, ''),
  ]);
}

function record(path: string, inode: number, mode: number, content: string): Buffer {
  const data = Buffer.from(content);
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, size, device (2), own device (2), length of the name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(data)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}
