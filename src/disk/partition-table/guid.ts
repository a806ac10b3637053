/**
 * GUIDs as GPT stores them: the first three fields little-endian, the last two in reading order
 * (UEFI specification 2.10, appendix A).
 */

const TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Byte positions of the text form's hexadecimal pairs inside the stored 16 bytes. */
const STORED_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * The 16 stored bytes of a GUID in text form (any case).
 * @throws TypeError when `text` is no GUID: the callers write constants or derived values, never input.
 */
export function encodeGuid(text: string): Buffer {
  const lower = text.toLowerCase();
  if (!TEXT.test(lower)) throw new TypeError(`not a GUID: ${text}`);
  const plain = Buffer.from(lower.replaceAll('-', ''), 'hex');
  return Buffer.from(STORED_ORDER.map((position) => plain[position] ?? 0));
}

/** Lower-case text form of the 16 bytes at `offset`. */
export function decodeGuid(bytes: Buffer, offset: number): string {
  const hex = Buffer.from(STORED_ORDER.map((position) => bytes[offset + position] ?? 0)).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A GUID (RFC 9562 version 8: custom) made from the first 16 bytes of a digest, so that equal input gives equal disks. */
export function guidFromDigest(digest: Uint8Array): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
