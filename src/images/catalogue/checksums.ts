/** The checksum files that distributions publish beside their images. */

export interface Checksum {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower case. */
  readonly hex: string;
}

const algorithms: Readonly<Record<number, Checksum['algorithm']>> = { 64: 'sha256', 128: 'sha512' };

/**
 * Finds the checksum of `fileName` in the text of a SHA256SUMS, SHA512SUMS or CHECKSUM file.
 * Understood are lines of GNU coreutils (`<hex>  name`, `<hex> *name`) and of BSD (`SHA256 (name) = <hex>`);
 * everything else (comments, signatures, weaker algorithms) is passed over. Folders before a name do not count.
 * @returns the strongest one; undefined when the file is not listed, or listed with contradicting sums.
 */
export function findChecksum(text: string, fileName: string): Checksum | undefined {
  const sums = text
    .split(/\r?\n/)
    .map(parseLine)
    .filter((line) => line !== undefined && baseName(line.file) === fileName)
    .flatMap((line) => toChecksum(line?.hex ?? ''));
  for (const algorithm of ['sha512', 'sha256']) {
    const found = new Set(sums.filter((sum) => sum.algorithm === algorithm).map((sum) => sum.hex));
    if (found.size > 1) return undefined;
    if (found.size === 1) return sums.find((sum) => sum.algorithm === algorithm);
  }
  return undefined;
}

/** A checksum from its hexadecimal digits; the length tells the algorithm. */
export function toChecksum(hex: string): Checksum | [] {
  const algorithm = algorithms[hex.length];
  return algorithm === undefined ? [] : { algorithm, hex: hex.toLowerCase() };
}

function parseLine(line: string): { file: string; hex: string } | undefined {
  const gnu = /^([0-9a-f]+) [ *](.+)$/i.exec(line);
  if (gnu !== null) return { hex: gnu[1] ?? '', file: gnu[2] ?? '' };
  const bsd = /^SHA(?:256|512) \((.+)\) = ([0-9a-f]+)$/i.exec(line);
  return bsd === null ? undefined : { hex: bsd[2] ?? '', file: bsd[1] ?? '' };
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}
