/** What a frozen guest needs to find unchanged when it is woken: the emulator, its firmware, the processor. */
import { existsSync, readFileSync } from 'node:fs';
import { QEMU_PROGRAM } from './accelerator/accelerator.ts';
import { fileIdentity, findProgram } from './program-path.ts';

/** Firmware and option ROMs that QEMU loads into a machine. */
const FIRMWARE = [
  '/usr/share/OVMF/OVMF_CODE_4M.fd',
  '/usr/share/OVMF/OVMF_CODE.fd',
  '/usr/share/seabios/bios-256k.bin',
  '/usr/share/seabios/linuxboot_dma.bin',
];

/**
 * Names and values of everything on this host that is in a guest's state or has to match it. A guest under KVM sees the
 * host's processor; an emulated one does not.
 */
export function readMachineFacts(
  accelerator: 'kvm' | 'tcg',
  qemuVersion: string,
): Readonly<Record<string, string>> {
  const qemu = findProgram(QEMU_PROGRAM);
  return {
    QEMU: `${qemuVersion} ${qemu === undefined ? '' : fileIdentity(qemu)}`,
    firmware: FIRMWARE.filter((path) => existsSync(path))
      .map(fileIdentity)
      .join(' '),
    ...(accelerator === 'kvm' ? { processor: hostProcessor() } : {}),
  };
}

/** Model, flags and microcode of the first processor; the guest's kernel has chosen its code by them. */
function hostProcessor(): string {
  const [first = ''] = readFileSync('/proc/cpuinfo', 'utf8').split('\n\n');
  return first
    .split('\n')
    .filter((line) => /^(?:vendor_id|cpu family|model|model name|stepping|microcode|flags)\s*:/.test(line))
    .map((line) => line.replaceAll(/\s+/g, ' '))
    .join('; ');
}
