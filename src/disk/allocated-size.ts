/** How much of a sparse file really exists. */
import { stat } from 'node:fs/promises';

/** Bytes that the file system spends on `path`; holes cost nothing, blocks shared by reflink count in full. */
export async function allocatedSizeBytes(path: string): Promise<number> {
  // st_blocks is in units of 512 bytes on Linux, whatever the file system's block size is.
  return (await stat(path)).blocks * 512;
}
