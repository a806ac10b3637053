/**
 * Starting a build VM from its own disk's kernel, without firmware and boot loader in between, and with parameters
 * for a machine that lives some minutes. The finished image knows nothing of it: the menu on its disk is untouched.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readBootFiles, type BootFilesOptions } from '../disk/boot-files/boot-files.ts';
import { cpioArchive } from '../disk/boot-files/cpio-archive.ts';
import { giveToBuildUser } from '../host/build-user.ts';
import type { Accelerator, VmKernel } from '../vm/hypervisor.ts';
import { initramfsHook } from './initramfs-hook.ts';

/**
 * Modules that systemd loads at every boot in case somebody uses them. The kernel and udev load them when somebody does;
 * each of these units costs a tenth of a second.
 */
const MODULES_ON_DEMAND = ['configfs', 'dm_mod', 'drm', 'efi_pstore', 'fuse', 'loop'];

/**
 * Parameters of emulated build VMs, where an instruction of the guest costs ten of the host and a device register a
 * thousand. Nothing here changes what a program in the guest can do. With KVM the machine starts as its menu says.
 */
export const EMULATION_PARAMETERS: readonly string[] = [
  // The console is a device, written byte by byte. Errors and panics are still shown.
  'quiet',
  // All emulated CPUs read the host's one counter, but the kernel's check sees a skew and falls back to HPET, a
  // device: each look at the clock would leave the guest.
  'tsc=reliable',
  // The disk was made or captured clean a moment ago, and a build that fails is run again from its source.
  'fsck.mode=skip',
  // Drivers for what an emulated machine only seems to have: virtualization, frequency scaling, an IDE controller
  // without disks.
  'modprobe.blacklist=kvm_amd,kvm_intel,kvm,powernow_k8,ata_piix,ata_generic',
  // The emulator keeps what it has translated by virtual address. With every program and library at an address of
  // chance, each start of a program is translated anew: that was half of all the time a guest ran.
  'norandmaps',
  // Nobody else is on this network: a second of waiting for somebody with our IPv6 address is left out.
  'sysctl.net.ipv6.conf.default.dad_transmits=0',
  ...MODULES_ON_DEMAND.map((name) => `systemd.mask=modprobe@${name}.service`),
];

export interface DirectKernel {
  readonly kernel: VmKernel;
  /** Path of the kernel in the guest. */
  readonly name: string;
}

/**
 * The kernel that the raw disk would boot.
 * @returns undefined when the disk does not boot in the plain way; see `readBootFiles`.
 * @throws GoldsmithError `SourceInvalid`, `Cancelled`.
 */
export async function directKernel(
  diskPath: string,
  accelerator: Accelerator,
  options: BootFilesOptions,
): Promise<DirectKernel | undefined> {
  const files = await readBootFiles(diskPath, options);
  if (files === undefined) return undefined;
  const { kernelPath, initrdPath, commandLine, kernelName: name } = files;
  if (accelerator === 'kvm') return { kernel: { path: kernelPath, initrdPath, commandLine }, name };
  const hooked = join(options.folder, 'initrd-build');
  await pipeline(
    async function* () {
      yield cpioArchive(initramfsHook);
      yield* createReadStream(initrdPath);
    },
    createWriteStream(hooked, { flags: 'wx', mode: 0o600 }),
    { signal: options.signal },
  );
  giveToBuildUser(options.user, hooked);
  return {
    kernel: {
      path: kernelPath,
      initrdPath: hooked,
      commandLine: [commandLine, ...EMULATION_PARAMETERS].join(' '),
    },
    name,
  };
}
