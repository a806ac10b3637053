/** Writes, discards and zeroes at places that look random but are the same every time. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { runCommand } from '../../../host/command.ts';
import { KIB, MIB } from '../../../model/sizes.ts';
import { chainFileName, type DiskLayer } from '../chain.ts';

/** Whole numbers in `[0, below)`, the same for the same seed. */
export function randomNumbers(seed: string): (below: number) => number {
  let drawn = 0;
  return (below) => {
    drawn += 1;
    return createHash('sha256').update(`${seed}/${drawn}`).digest().readUIntBE(0, 6) % below;
  };
}

/** Writes through the chain, as a guest would: freed clusters are given back and hide what is below. */
export async function writeThroughChain(
  layers: readonly DiskLayer[],
  commands: readonly string[],
): Promise<void> {
  const unmap = { discard: 'unmap' };
  const name = chainFileName(layers, { node: unmap, file: unmap });
  await runCommand(['qemu-io', ...commands.flatMap((command) => ['-c', command]), name]);
}

/** A file of bytes without any repetition for {@link randomCommands} to take data from. */
export function writeNoise(path: string, seed: string): void {
  writeFileSync(path, createHash('shake256', { outputLength: MIB }).update(seed).digest());
}

/**
 * Commands for `qemu-io` on a disk of `sizeBytes`; most data comes from the file `noise`.
 * @param alignment Bytes that every place and length is a multiple of.
 */
export function randomCommands(options: {
  readonly seed: string;
  readonly count: number;
  readonly sizeBytes: number;
  readonly noise: string;
  readonly alignment: number;
}): readonly string[] {
  const { sizeBytes, noise, alignment } = options;
  const random = randomNumbers(options.seed);
  return Array.from({ length: options.count }, () => {
    const start = random(sizeBytes / alignment) * alignment;
    const longest = [4 * KIB, 64 * KIB, 3 * MIB][random(3)] ?? MIB;
    const wanted = (1 + random(longest / alignment)) * alignment;
    const place = `${start} ${Math.min(wanted, sizeBytes - start)}`;
    const acts = [
      `write -s ${noise}`,
      `write -s ${noise}`,
      'write -P 0',
      'write -z',
      'write -z -u',
      'discard',
    ];
    return `${acts[random(acts.length)] ?? 'discard'} ${place}`;
  });
}
