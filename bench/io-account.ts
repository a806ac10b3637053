import { readFileSync } from 'node:fs';

/**
 * What this process and its children that have ended, and theirs, have written so far (proc(5), /proc/pid/io): `wchar`
 * bytes were given to the kernel, `write_bytes` bytes made it write to a disk.
 */
export function writtenSoFar(account: 'wchar' | 'write_bytes'): number {
  return Number(new RegExp(`^${account}: (\\d+)$`, 'm').exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}
