/** Names that came from templates or people, made safe to be one part of a path. */
import { createHash } from 'node:crypto';

/** File systems allow 255 bytes a part; room is left for endings such as `.json`. */
const MAX_PART_BYTES = 200;

/**
 * Folds a name the way ARM compares ids: without regard to case.
 * Unicode is composed first, so that two spellings of one letter are one name.
 */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/**
 * One path part for `name`. Two names share a part exactly when they are equal under {@link foldName}.
 * Everything but `a-z 0-9 - _` and inner dots is percent-encoded, so no name can leave its folder, hide
 * (leading dot) or end in a reserved way; what is too long is cut and carries a digest of the whole.
 */
export function encodePart(name: string): string {
  const folded = foldName(name);
  const encoded = [...Buffer.from(folded, 'utf8')].map(encodeByte).join('');
  if (encoded.length <= MAX_PART_BYTES) return encoded === '' ? '%' : encoded;
  const digest = createHash('sha256').update(folded).digest('hex');
  return `${encoded.slice(0, MAX_PART_BYTES - 65)}~${digest}`; // `~` never comes from encodeByte
}

function encodeByte(byte: number, index: number): string {
  const character = String.fromCharCode(byte);
  if (/[a-z0-9_-]/.test(character)) return character;
  if (character === '.' && index > 0) return character;
  return `%${byte.toString(16).padStart(2, '0')}`;
}
