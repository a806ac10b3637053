/** One partition as every part of the product sees it, whatever table it came from. */

export type PartitionKind =
  | 'efi-system'
  | 'bios-boot'
  | 'linux'
  | 'microsoft-reserved'
  | 'extended'
  | 'other';

export interface Partition {
  /** The number the operating system gives it: 1-based place in the table, logical MBR partitions from 5. */
  readonly number: number;
  readonly kind: PartitionKind;
  /** Lower-case type GUID (GPT) or `0x83` form (MBR). */
  readonly typeId: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** GPT partition name; empty for MBR. Read from the disk, so not to be trusted as a path or shown raw. */
  readonly name: string;
  /** GPT attribute bit 2 (legacy BIOS bootable) or the MBR's active flag. */
  readonly legacyBootable: boolean;
}

/** Sectors are 512 bytes in every format that Azure takes; disks with 4096-byte sectors are not read. */
export const SECTOR_BYTES = 512;

/** Type GUIDs: UEFI specification 2.10 section 5.3.3, GRUB manual "BIOS installation", Discoverable Partitions Specification. */
export const gptTypes = {
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  linuxData: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  linuxRootX64: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  microsoftReserved: 'e3c9e316-0b5c-4db8-817d-f92df00215ae',
} as const;

const gptKinds: Readonly<Record<string, PartitionKind>> = {
  [gptTypes.efiSystem]: 'efi-system',
  [gptTypes.biosBoot]: 'bios-boot',
  [gptTypes.linuxData]: 'linux',
  [gptTypes.linuxRootX64]: 'linux',
  [gptTypes.microsoftReserved]: 'microsoft-reserved',
};

export function kindOfGptType(typeGuid: string): PartitionKind {
  return gptKinds[typeGuid] ?? 'other';
}

export function kindOfMbrType(type: number): PartitionKind {
  if (type === 0xef) return 'efi-system';
  if (type === 0x83) return 'linux';
  if (isExtended(type)) return 'extended';
  return 'other';
}

/** True for the MBR types that hold a chain of logical partitions. */
export function isExtended(type: number): boolean {
  return type === 0x05 || type === 0x0f || type === 0x85;
}
