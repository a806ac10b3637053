/** Which parts of a raw file hold data; the rest are holes that read as zeros. */
import { resolve } from 'node:path';
import { readExtentMap } from './extent-map.ts';

/** A run of bytes: `[start, start + length)`. */
export interface Extent {
  readonly start: number;
  readonly length: number;
}

/**
 * Data extents of the raw file at `path`, in ascending order, neighbours joined. Bytes outside of them are
 * zero; bytes inside may be.
 * @throws GoldsmithError `CommandFailed` when the file cannot be read or a machine is writing to it; `Cancelled`.
 */
export async function dataExtents(
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<Extent[]> {
  const joined: { start: number; length: number }[] = [];
  await readExtentMap(rawFileName(path), options, ({ start, length, data, zero }) => {
    if (!data || zero) return;
    const last = joined.at(-1);
    if (last !== undefined && last.start + last.length === start) last.length += length;
    else joined.push({ start, length });
  });
  return joined;
}

/**
 * A name that QEMU's tools take as exactly this raw file. Plain names are parsed by them: `nbd:…` would
 * connect somewhere and `json:…` would be read as options.
 */
export function rawFileName(path: string): string {
  return `json:${JSON.stringify({ driver: 'raw', file: { driver: 'file', filename: resolve(path) } })}`;
}
