/** Which parts of a raw file hold data; the rest are holes that read as zeros. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../host/command.ts';
import { GoldsmithError } from '../model/errors.ts';

/** A run of bytes: `[start, start + length)`. */
export interface Extent {
  readonly start: number;
  readonly length: number;
}

/** A line of the map is about 130 bytes, so this is room for some two million extents. */
const MAX_MAP_BYTES = 256 * 1024 * 1024;

const mapSchema = z.array(
  z.object({
    start: z.int().nonnegative(),
    length: z.int().nonnegative(),
    data: z.boolean(),
    zero: z.boolean(),
  }),
);

/**
 * Data extents of the raw file at `path`, in ascending order, neighbours joined. Bytes outside of them are
 * zero; bytes inside may be.
 * @throws GoldsmithError `CommandFailed` when the file cannot be read or a machine is writing to it; `Cancelled`.
 */
export async function dataExtents(
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<Extent[]> {
  const { stdout } = await runCommand(['qemu-img', 'map', '--output=json', rawFileName(path)], {
    signal: options.signal,
    maxOutputBytes: MAX_MAP_BYTES,
  });
  return joinNeighbours(parseMap(stdout).filter((part) => part.data && !part.zero));
}

/**
 * A name that QEMU's tools take as exactly this raw file. Plain names are parsed by them: `nbd:…` would
 * connect somewhere and `json:…` would be read as options.
 */
export function rawFileName(path: string): string {
  return `json:${JSON.stringify({ driver: 'raw', file: { driver: 'file', filename: resolve(path) } })}`;
}

function parseMap(text: string): z.infer<typeof mapSchema> {
  try {
    return mapSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GoldsmithError('CommandFailed', 'The extent map of a disk could not be read', { cause });
  }
}

function joinNeighbours(parts: readonly Extent[]): Extent[] {
  const joined: { start: number; length: number }[] = [];
  for (const { start, length } of parts) {
    const last = joined.at(-1);
    if (last !== undefined && last.start + last.length === start) last.length += length;
    else joined.push({ start, length });
  }
  return joined;
}
