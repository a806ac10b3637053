/** Raw disks with known content for tests. */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { MIB } from '../../model/sizes.ts';

/** Bytes that look random but are the same every time. */
export function patternBytes(length: number, seed: string): Buffer {
  const block = createHash('shake256', { outputLength: 4096 }).update(seed).digest();
  return Buffer.alloc(length, block);
}

/**
 * Writes a sparse raw disk of `sizeBytes` with data at the start, in the middle off any block boundary and,
 * where it fits, at the end.
 */
export function writePatternedDisk(path: string, sizeBytes: number): void {
  const file = openSync(path, 'wx');
  try {
    ftruncateSync(file, sizeBytes);
    writeSync(file, patternBytes(70_000, 'start'), 0, 70_000, 0);
    const middle = Math.floor(sizeBytes / 2) + 1536;
    writeSync(file, patternBytes(300_000, 'middle'), 0, 300_000, middle);
    if (sizeBytes > 4 * MIB) writeSync(file, patternBytes(5000, 'end'), 0, 5000, sizeBytes - 5000);
  } finally {
    closeSync(file);
  }
}
