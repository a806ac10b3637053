/** What a run will take of a build host, judged before anything of it is known but its template. */
import type { ImageTemplate } from '../model/image-template.ts';
import { GIB } from '../model/sizes.ts';
import type { RunNeeds } from '../store/records.ts';
import { defaultVmSize, findVmSize } from '../vm/vm-sizes.ts';

/** A typical source image and what a build adds to it. The engine looks again when it knows the source. */
const TYPICAL_DISK_BYTES = 4 * GIB;

/**
 * CPUs and memory of the template's VM size (an unknown one counts as Azure's default for generation 2), and disk.
 * A host that is smaller gives the machine what it has; see {@link import('./worker/capacity.ts')}.
 */
export function needsOf(template: Pick<ImageTemplate, 'vmProfile'>): RunNeeds {
  const { vmSize } = template.vmProfile;
  const size = (vmSize === undefined ? undefined : findVmSize(vmSize)) ?? findVmSize(defaultVmSize('V2'));
  return {
    cpus: size?.cpus ?? 1,
    memoryBytes: size?.memoryBytes ?? GIB,
    diskBytes: TYPICAL_DISK_BYTES,
  };
}
