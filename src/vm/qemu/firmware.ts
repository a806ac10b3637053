/** Where distributions keep UEFI firmware (OVMF), and a private variable store for each machine. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';

export interface UefiFirmware {
  /** Read-only code image. */
  readonly code: string;
  /** Template of the variable store; with enrolled Microsoft keys for secure boot. */
  readonly variables: string;
}

/** Debian's and Ubuntu's package `ovmf`, newest layout first. */
const plainFirmware: readonly UefiFirmware[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
];

const secureBootFirmware: readonly UefiFirmware[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' },
];

/** @throws GoldsmithError `HostNotReady` when no firmware is installed. */
export function findUefiFirmware(secureBoot: boolean): UefiFirmware {
  const candidates = secureBoot ? secureBootFirmware : plainFirmware;
  const found = candidates.find(({ code, variables }) => existsSync(code) && existsSync(variables));
  if (found === undefined) {
    throw new GoldsmithError('HostNotReady', 'No UEFI firmware for virtual machines is installed', {
      hint: 'Install the package "ovmf", or run `./goldsmith doctor --install`.',
    });
  }
  return found;
}

/** Copies the variable store into `workDir`; a machine writes to its own copy only. */
export function copyVariableStore(firmware: UefiFirmware, workDir: string): string {
  const path = join(workDir, 'uefi-vars.fd');
  copyFileSync(firmware.variables, path);
  return path;
}
