/** How much the checkpoints of a machine may take. */
import { statfs } from 'node:fs/promises';
import { GoldsmithError } from '../../model/errors.ts';
import { GIB } from '../../model/sizes.ts';

export const CACHE_LIMIT_VARIABLE = 'GOLDSMITH_CACHE_LIMIT';

const DEFAULT_LIMIT_BYTES = 20 * GIB;
const DEFAULT_SHARE = 0.2;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/**
 * What `GOLDSMITH_CACHE_LIMIT` says, else 20 GiB or a fifth of the file system that `path` is on, whichever is
 * smaller.
 * @throws GoldsmithError `BadUsage` when the variable is no size.
 */
export async function cacheLimitBytes(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const text = env[CACHE_LIMIT_VARIABLE] ?? '';
  if (text !== '') {
    const wish = parseSize(text);
    if (wish !== undefined) return wish;
    throw new GoldsmithError('BadUsage', `${CACHE_LIMIT_VARIABLE}="${text}" is not a size`, {
      hint: 'Write it like 40GiB or 500MiB; 0 keeps nothing.',
    });
  }
  const { blocks, bsize } = await statfs(path);
  return Math.min(DEFAULT_LIMIT_BYTES, Math.floor(blocks * bsize * DEFAULT_SHARE));
}

/** Bytes in a text such as `40GiB`, `1.5 G` or `1024`; units are powers of 1024. Undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toUpperCase() ?? 'none'];
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
}
