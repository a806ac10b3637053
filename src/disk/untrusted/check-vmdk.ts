/**
 * Checks a VMDK in one file, as in VMware's "Virtual Disk Format 5.0", sections "Hosted Sparse Extent Header"
 * and "The Descriptor File". A text descriptor alone is refused elsewhere: it can name any file.
 */
import { headerNumber, refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

const SECTOR = 512;
const MAX_DESCRIPTOR_SECTORS = 2048;
const FLAG_COMPRESSED = 0x1_0000;
const MAX_GRAIN_SECTORS = 65_536;
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;
/** Readers look for a descriptor in this much of the start, whatever the header says. */
const PROBED_BYTES = 1024 * 1024;
/** Footer marker, footer and end-of-stream marker of a stream-optimized file. */
const FOOTER_BYTES = 3 * SECTOR;
const ALLOWED_TYPES = ['monolithicSparse', 'streamOptimized'];

/** @throws GoldsmithError `ImageRefused` for parents, other files, or headers that contradict themselves. */
export async function checkVmdk(upload: Upload): Promise<{ virtualSizeBytes: number; unitBytes?: number }> {
  const head = await upload.inspect(0, PROBED_BYTES);
  await upload.inspect(Math.max(0, upload.sizeBytes - FOOTER_BYTES), FOOTER_BYTES);
  if (head.length < SECTOR) throw refusal('The VMDK header is cut off');
  const version = head.readUInt32LE(4);
  if (version < 1 || version > 3) throw refusal(`VMDK version ${version} is not supported`);
  const sectors = headerNumber(head.readBigUInt64LE(12), 'virtual size');
  // A header of capacity 0 sends readers on to the extents of the descriptor: to any file.
  if (sectors === 0) throw refusal('The VMDK has no capacity of its own');
  const descriptorSector = headerNumber(head.readBigUInt64LE(28), 'descriptor offset');
  const descriptorSectors = headerNumber(head.readBigUInt64LE(36), 'descriptor size');
  if (descriptorSector === 0 || descriptorSectors === 0) throw refusal('The VMDK has no embedded descriptor');
  if (descriptorSectors > MAX_DESCRIPTOR_SECTORS)
    throw refusal('The descriptor of the VMDK is absurdly large');
  const place = [descriptorSector * SECTOR, descriptorSectors * SECTOR] as const;
  if (place[0] + place[1] > upload.sizeBytes) throw refusal('The VMDK is cut off: its descriptor is missing');
  const descriptor = await upload.inspect(...place);
  checkDescriptor(descriptor.toString('latin1').replace(/\0[^]*$/, ''));
  const grainSectors = headerNumber(head.readBigUInt64LE(20), 'grain size');
  if (grainSectors < 1 || grainSectors > MAX_GRAIN_SECTORS)
    throw refusal('The grain size of the VMDK is not valid');
  const virtualSizeBytes = sectors * SECTOR;
  // A stream's directory is found from the end of the file; a compressed grain is read with what follows it,
  // and cannot be unpacked when a part is missing.
  const compressed = (head.readUInt32LE(8) & FLAG_COMPRESSED) !== 0;
  if (compressed || head.readBigUInt64LE(56) === DIRECTORY_AT_END) return { virtualSizeBytes };
  return { virtualSizeBytes, unitBytes: grainSectors * SECTOR };
}

/** Exactly one sparse extent (this file; what it is called there does not matter) and no parent. */
function checkDescriptor(text: string): void {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (/parentFileNameHint/i.test(text)) throw refusal('The VMDK has a parent disk');
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([A-Za-z.]+)\s*=\s*"?([^"]*)"?$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    if (values.has(name.toLowerCase())) throw refusal(`The VMDK descriptor sets ${name} twice`);
    values.set(name.toLowerCase(), value);
  }
  if (values.get('parentcid')?.toLowerCase() !== 'ffffffff') throw refusal('The VMDK has a parent disk');
  if (!ALLOWED_TYPES.includes(values.get('createtype') ?? '')) {
    throw refusal(`A VMDK of type "${printable(values.get('createtype') ?? '')}" is not supported`);
  }
  const extents = lines.filter((line) => /^(RW|RDONLY|NOACCESS)\s/i.test(line));
  const [only] = extents;
  if (only === undefined || extents.length > 1) throw refusal('The VMDK is not one self-contained file');
  if (!/^RW\s+\d+\s+SPARSE\s+"[^"/\\]+"$/.test(only))
    throw refusal('The VMDK names another file as its extent');
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 40);
}
