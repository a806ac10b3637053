/** What the build VM is made of: the template's size, fitted to this host, and the size of its disk. */
import { admit, readHostResources } from '../host/resources.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { VmProfile } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import { GIB, MIB, roundUp } from '../model/sizes.ts';
import { defaultVmSize, findVmSize, fitToHost, type FittedVm } from '../vm/vm-sizes.ts';

/** Memory that stays with the host and with QEMU itself. */
const HOST_RESERVE_BYTES = 512 * MIB;
/** Disk that a build may fill beside what the source holds, when nobody knows better. */
const BUILD_GROWTH_BYTES = 2 * GIB;

/**
 * The size named by the template, or Azure's default for the generation, clamped to the host.
 * @returns a warning when the name is not known and the default stands in for it.
 */
export function shapeMachine(
  profile: VmProfile,
  source: ImageFacts,
  folder: string,
): { readonly vm: FittedVm; readonly warning: string | undefined } {
  const fallback = defaultVmSize(source.generation);
  const named = profile.vmSize === undefined ? undefined : findVmSize(profile.vmSize);
  const size = named ?? findVmSize(fallback);
  if (size === undefined) throw new GoldsmithError('Internal', `No shape for ${fallback}`);
  const host = readHostResources(folder);
  const vm = fitToHost(size, {
    cpus: host.cpus,
    availableMemoryBytes: Math.max(0, host.memoryBytes - HOST_RESERVE_BYTES),
  });
  return {
    vm,
    warning:
      profile.vmSize === undefined || named !== undefined
        ? undefined
        : `The VM size ${profile.vmSize} is not in the table of sizes; ${fallback} is used instead`,
  };
}

/**
 * Bytes of the OS disk: `osDiskSizeGB`, else the size of the source, in whole MiB.
 * @throws GoldsmithError `BadTemplate` when the template asks for less than the source has.
 */
export function osDiskBytes(profile: VmProfile, source: ImageFacts): number {
  const own = roundUp(source.virtualSizeBytes, MIB);
  if (profile.osDiskSizeGB === undefined) return own;
  const wanted = profile.osDiskSizeGB * GIB;
  if (wanted < own) {
    throw new GoldsmithError(
      'BadTemplate',
      `osDiskSizeGB is ${profile.osDiskSizeGB}, smaller than the source image (${Math.ceil(own / GIB)} GiB): a disk can only grow`,
    );
  }
  return wanted;
}

/**
 * Refuses a build that this host cannot carry to its end.
 * @throws GoldsmithError `InsufficientResources`.
 */
export function admitBuild(vm: FittedVm, source: ImageFacts, diskBytes: number, folder: string): void {
  const growth = Math.min(Math.max(0, diskBytes - source.allocatedSizeBytes), BUILD_GROWTH_BYTES);
  admit(
    { memoryBytes: Math.max(vm.memoryBytes, 512 * MIB), diskBytes: source.allocatedSizeBytes + growth },
    readHostResources(folder),
  );
}
