/** The one table of what Goldsmith needs from the machine's distribution. The doctor and the installer read it. */

export interface ProgramNeed {
  /** Debian and Ubuntu package that brings it. */
  readonly package: string;
  /** What it is for, as a person would say it. */
  readonly purpose: string;
  /** Programs that must be found, by name. */
  readonly programs: readonly string[];
  /** Files of which at least one must exist. */
  readonly anyFile?: readonly string[];
  /** How to ask the first program for its version, and the lowest version that will do. */
  readonly version?: { readonly args: readonly string[]; readonly atLeast?: string };
}

const need = (
  packageName: string,
  purpose: string,
  programs: readonly string[],
  more: Pick<ProgramNeed, 'anyFile' | 'version'> = {},
): ProgramNeed => ({ package: packageName, purpose, programs, ...more });

export const hostNeeds: readonly ProgramNeed[] = [
  need('qemu-system-x86', 'runs build VMs', ['qemu-system-x86_64'], {
    // 7.2 brought `-netdev stream`, the link between a VM and its network
    version: { args: ['--version'], atLeast: '7.2' },
  }),
  need('qemu-utils', 'reads and converts disk formats', ['qemu-img'], { version: { args: ['--version'] } }),
  need('seabios', 'firmware of generation 1 VMs', [], { anyFile: ['/usr/share/seabios/bios-256k.bin'] }),
  need('ovmf', 'UEFI firmware of generation 2 VMs', [], {
    anyFile: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd'],
  }),
  need('passt', 'gives build VMs a network without privileges', ['passt'], {
    version: { args: ['--version'] },
  }),
  need('mmdebstrap', 'makes Debian and Ubuntu base images', ['mmdebstrap'], {
    version: { args: ['--version'] },
  }),
  need('uidmap', 'user namespaces with many user ids', ['newuidmap', 'newgidmap']),
  need('util-linux', 'starts, limits and locks programs', ['setpriv', 'unshare', 'prlimit', 'flock'], {
    // 2.38 brought `unshare --map-auto`
    version: { args: ['--version'], atLeast: '2.38' },
  }),
  need('genisoimage', 'makes provisioning discs', ['genisoimage']),
  need('mtools', 'writes FAT file systems', ['mcopy', 'mmd']),
  need('dosfstools', 'makes FAT file systems', ['mkfs.fat']),
  need('e2fsprogs', 'makes and reads ext4 file systems', ['mke2fs', 'debugfs']),
  need('fdisk', 'writes partition tables', ['sfdisk']),
];

/** Oldest Node.js that runs this program. */
export const NODE_MAJOR_AT_LEAST = 24;

/** Room for one base image, one build and its artifacts, before a warning. */
export const DISK_COMFORT_GIB = 20;
/** One small build VM and this program. */
export const MEMORY_COMFORT_GIB = 3;

/** Length of the subordinate id range that a user namespace for a root file system needs. */
export const SUBORDINATE_IDS = 65_536;
