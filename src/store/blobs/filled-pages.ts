/** What of a piece of a disk must be sent: a page blob is zeros until pages are written. */

export interface PageRun {
  /** Bytes, multiples of 512. */
  readonly offset: number;
  readonly length: number;
}

/** Smaller holes are sent along: a request costs more than their zeros. */
const GRAIN_BYTES = 64 * 1024;
const zeros = Buffer.alloc(GRAIN_BYTES);

/** Runs of `bytes` that hold anything but zeros, in grains of 64 KiB; the last may be shorter. */
export function filledPages(bytes: Buffer): readonly PageRun[] {
  const runs: { offset: number; length: number }[] = [];
  for (let offset = 0; offset < bytes.length; offset += GRAIN_BYTES) {
    const grain = bytes.subarray(offset, offset + GRAIN_BYTES);
    if (grain.equals(zeros.subarray(0, grain.length))) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += grain.length;
    else runs.push({ offset, length: grain.length });
  }
  return runs;
}
