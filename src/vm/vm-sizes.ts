/**
 * Azure VM sizes by name, as far as a build VM cares: vCPUs and memory.
 * Facts: Azure's "Sizes for virtual machines" pages (series A, B, D, E, F).
 */
import type { Generation } from '../model/image-template.ts';
import { GIB } from '../model/sizes.ts';

export interface VmSize {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** Sizes that follow no family rule: [vCPUs, GiB]. */
const fixedSizes: Readonly<Record<string, readonly [number, number]>> = {
  Standard_A1_v2: [1, 2],
  Standard_A2_v2: [2, 4],
  Standard_A4_v2: [4, 8],
  Standard_A8_v2: [8, 16],
  Standard_A2m_v2: [2, 16],
  Standard_A4m_v2: [4, 32],
  Standard_A8m_v2: [8, 64],
  Standard_B1ls: [1, 0.5],
  Standard_B1s: [1, 1],
  Standard_B1ms: [1, 2],
  Standard_B2s: [2, 4],
  Standard_B2ms: [2, 8],
  Standard_B4ms: [4, 16],
  Standard_B8ms: [8, 32],
  Standard_B12ms: [12, 48],
  Standard_B16ms: [16, 64],
  Standard_B20ms: [20, 80],
  // The Dv2 family numbers its members instead of naming the vCPUs; 11 to 15 are the memory-rich half.
  ...dv2Family('Standard_D', ''),
  ...dv2Family('Standard_DS', ''),
};

function dv2Family(prefix: string, suffix: string): Record<string, readonly [number, number]> {
  const members: Readonly<Record<string, readonly [number, number]>> = {
    '1': [1, 3.5],
    '2': [2, 7],
    '3': [4, 14],
    '4': [8, 28],
    '5': [16, 56],
    '11': [2, 14],
    '12': [4, 28],
    '13': [8, 56],
    '14': [16, 112],
    '15': [20, 140],
  };
  return Object.fromEntries(
    Object.entries(members).map(([member, shape]) => [`${prefix}${member}_v2${suffix}`, shape]),
  );
}

/** GiB per vCPU of the families whose names carry the vCPU count, for example `Standard_D4ds_v5`. */
const gibPerCpu: Readonly<Record<string, number>> = { D: 4, E: 8, F: 2, B: 4 };

/** Features in a size name: a = AMD, d = local disk, l = low memory, s = premium storage, t = tiny memory. */
const familyPattern = /^Standard_([BDEF])(\d{1,3})([a-z]*)(?:_v([1-9]))?$/;

/** Sizes that Azure uses when a template names none; reference: image template, `vmProfile.vmSize`. */
export function defaultVmSize(generation: Generation): string {
  return generation === 'V1' ? 'Standard_D1_v2' : 'Standard_D2ds_v4';
}

/** The shape of an Azure size, or undefined when the name is not known. Names match in any case, as in Azure. */
export function findVmSize(name: string): VmSize | undefined {
  const fixed = Object.entries(fixedSizes).find(([known]) => known.toLowerCase() === name.toLowerCase());
  if (fixed !== undefined) {
    const [known, [cpus, gib]] = fixed;
    return { name: known, cpus, memoryBytes: gib * GIB };
  }
  const canonical = canonicalCase(name);
  const match = familyPattern.exec(canonical);
  if (match === null) return undefined;
  const [, family = '', count = '0', features = ''] = match;
  const cpus = Number(count);
  const perCpu = memoryPerCpu(family, features);
  if (cpus < 1 || cpus > 192 || perCpu === undefined) return undefined;
  return { name: canonical, cpus, memoryBytes: cpus * perCpu * GIB };
}

function memoryPerCpu(family: string, features: string): number | undefined {
  if (/[^adilmpst]/.test(features)) return undefined;
  if (features.includes('p')) return undefined; // Arm64 sizes
  if (features.includes('l')) return 2;
  if (features.includes('t')) return 0.5;
  return gibPerCpu[family];
}

function canonicalCase(name: string): string {
  const match = /^standard_([a-z])(.*)$/i.exec(name);
  return match === null
    ? name
    : `Standard_${(match[1] ?? '').toUpperCase()}${(match[2] ?? '').toLowerCase()}`;
}

export interface FittedVm {
  readonly vmSize: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Set when the host is smaller than the size asks for; says what was given instead. */
  readonly clamped: string | undefined;
}

/** Memory that a build VM gets at the very least; smaller guests do not survive package managers. */
const MIN_MEMORY_BYTES = GIB;

/**
 * Fits a size into what the host can give: at most all its CPUs and `availableMemoryBytes`.
 * Whole MiB, because QEMU wants them.
 */
export function fitToHost(
  size: VmSize,
  host: { readonly cpus: number; readonly availableMemoryBytes: number },
): FittedVm {
  const cpus = Math.min(size.cpus, Math.max(1, host.cpus));
  const wanted = Math.max(size.memoryBytes, MIN_MEMORY_BYTES);
  const memoryBytes = Math.floor(Math.min(wanted, host.availableMemoryBytes) / 2 ** 20) * 2 ** 20;
  const isClamped = cpus < size.cpus || memoryBytes < wanted;
  return {
    vmSize: size.name,
    cpus,
    memoryBytes,
    clamped: isClamped
      ? `${size.name} has ${size.cpus} vCPU and ${size.memoryBytes / GIB} GiB; this host can give ${cpus} vCPU and ${(memoryBytes / GIB).toFixed(1)} GiB`
      : undefined,
  };
}
