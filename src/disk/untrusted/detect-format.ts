/** What kind of disk image an upload is, by our own look at its bytes. */
import type { DiskFormat } from '../../model/run.ts';
import { checkQcow2 } from './check-qcow2.ts';
import { checkDynamicVhd, checkFixedVhd } from './check-vhd.ts';
import { checkVhdx } from './check-vhdx.ts';
import { checkVmdk } from './check-vmdk.ts';
import { refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

export interface CheckedImage {
  readonly format: DiskFormat;
  /** True when the disk is the first `virtualSizeBytes` of the file as they are (raw and fixed VHD). */
  readonly flat: boolean;
  readonly virtualSizeBytes: number;
  /**
   * The unit in which the format allocates, when its reader takes what lies beyond the end of the file for
   * zeros; only a part of the last unit may be missing from a whole file.
   */
  readonly unitBytes?: number;
}

/** Formats by their first bytes that nobody may hand in, with the reason. */
const refusedMagics: readonly { readonly magic: Buffer; readonly reason: string }[] = [
  { magic: Buffer.from('COWD'), reason: 'COWD VMDK files are not supported' },
  { magic: Buffer.from('LUKS\xba\xbe', 'latin1'), reason: 'The image is encrypted' },
  { magic: Buffer.from('QED\0', 'latin1'), reason: 'QED images are not supported' },
  { magic: Buffer.from('<<< '), reason: 'VDI images are not supported' },
  { magic: Buffer.from([0x1f, 0x8b]), reason: 'The image is compressed with gzip: unpack it first' },
  { magic: Buffer.from('BZh'), reason: 'The image is compressed with bzip2: unpack it first' },
  {
    magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]),
    reason: 'The image is compressed with xz: unpack it first',
  },
  {
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    reason: 'The image is compressed with zstd: unpack it first',
  },
  { magic: Buffer.from('PK\x03\x04', 'latin1'), reason: 'The image is inside a ZIP file: unpack it first' },
];

/**
 * Decides the format by magic numbers and checks every header field that could make a reader touch another
 * file, or work without end. No other program has seen the file before this says yes. A file without any
 * known magic is a raw disk.
 * @throws GoldsmithError `ImageRefused` with the reason.
 */
export async function checkImage(upload: Upload): Promise<CheckedImage> {
  const head = await upload.inspect(0, 4096);
  const startsWith = (magic: string): boolean => head.toString('latin1', 0, magic.length) === magic;
  const refused = refusedMagics.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (refused !== undefined) throw refusal(refused.reason);
  if (startsWith('QFI\xfb')) return { format: 'qcow2', flat: false, ...(await checkQcow2(upload)) };
  if (startsWith('vhdxfile')) return { format: 'vhdx', flat: false, ...(await checkVhdx(upload)) };
  if (startsWith('KDMV')) return { format: 'vmdk', flat: false, ...(await checkVmdk(upload)) };
  if (looksLikeVmdkDescriptor(head)) {
    throw refusal('The image is a VMDK descriptor that names other files; hand in one self-contained file');
  }
  if (startsWith('conectix')) return { format: 'vhd', flat: false, ...(await checkDynamicVhd(upload)) };
  const tail = await upload.inspect(Math.max(0, upload.sizeBytes - 512), 512);
  if (tail.toString('latin1', 0, 8) === 'conectix') {
    return { format: 'vhd', flat: true, ...checkFixedVhd(upload, tail) };
  }
  return { format: 'raw', flat: true, virtualSizeBytes: upload.sizeBytes };
}

/** Readers of VMDK allow comments and blank lines before the version, so a whole head of text is looked at. */
function looksLikeVmdkDescriptor(head: Buffer): boolean {
  const text = head.toString('latin1');
  return /^\s*(#[^\n]*\n\s*)*version\s*=\s*\d/.test(text) || /^\s*#\s*Disk DescriptorFile/i.test(text);
}
