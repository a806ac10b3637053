import { createHash } from 'node:crypto';

/**
 * The UUID in the footer of a VHD of the image with that digest (RFC 9562, version 8). It follows from the digest, so that a look
 * at a footer tells an image's VHD from that of any other image.
 */
export function vhdIdOf(digest: string): string {
  const bytes = createHash('sha256').update(`vhd ${digest}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
