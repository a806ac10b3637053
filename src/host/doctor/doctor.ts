/** Looks at the machine and says what is there, what is missing and what would be done about it. Changes nothing. */
import { readFileSync } from 'node:fs';
import { isGoldsmithError } from '../../model/errors.ts';
import { formatBytes, GIB } from '../../model/sizes.ts';
import { chooseAccelerator, QEMU_PROGRAM } from '../accelerator/accelerator.ts';
import type { BuildUser } from '../build-user.ts';
import type { Home } from '../home.ts';
import { findProgram } from '../program-path.ts';
import { readHostResources } from '../resources.ts';
import { checkProgram } from './check-programs.ts';
import { checkBuildUser, checkNamespaces } from './check-user.ts';
import { DISK_COMFORT_GIB, hostNeeds, MEMORY_COMFORT_GIB, NODE_MAJOR_AT_LEAST } from './host-needs.ts';
import type { DoctorItem, DoctorReport } from './report.ts';

export interface DoctorOptions {
  readonly home: Home;
  readonly signal: AbortSignal;
  /** Probe the accelerator again instead of reading the last verdict. */
  readonly fresh?: boolean;
}

/**
 * Checks everything, in the order a person would fix it.
 * @throws GoldsmithError `Cancelled`; what it finds is in the report, never thrown.
 */
export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const { home, signal } = options;
  const { item: userItem, user } = checkBuildUser();
  const items: readonly DoctorItem[] = [
    checkNode(process.versions.node),
    ...(await Promise.all(hostNeeds.map(async (need) => checkProgram(need, signal)))),
    userItem,
    ...(user === undefined ? [] : await checkNamespaces(user, signal)),
    ...(user === undefined ? [] : await checkAccelerator(user, options)),
    ...checkResources(home),
  ];
  const { name, family } = readSystem(readOsRelease());
  const canInstall = family && findProgram('apt-get') !== undefined;
  return { ready: items.every(({ state }) => state !== 'missing'), items, system: name, canInstall };
}

function checkNode(version: string): DoctorItem {
  const item = { id: 'node', title: 'Node.js', found: version };
  if (Number.parseInt(version, 10) >= NODE_MAJOR_AT_LEAST) return { ...item, state: 'ok' };
  const text = 'Start Goldsmith with ./goldsmith, which brings its own Node.js.';
  return { ...item, state: 'missing', remedy: { kind: 'manual', text } };
}

async function checkAccelerator(user: BuildUser, options: DoctorOptions): Promise<readonly DoctorItem[]> {
  if (findProgram(QEMU_PROGRAM) === undefined) return []; // told already; nothing to probe with
  const item = { id: 'accelerator', title: 'Acceleration' };
  try {
    const verdict = await chooseAccelerator({ ...options, user });
    if (verdict.accelerator === 'kvm') return [{ ...item, state: 'ok', found: `KVM: ${verdict.because}` }];
    return [
      {
        ...item,
        state: 'warning',
        found: `emulation (TCG), several times slower: ${verdict.because}`,
        ...(verdict.hint === undefined ? {} : { remedy: { kind: 'manual', text: verdict.hint } }),
      },
    ];
  } catch (error) {
    if (options.signal.aborted || !isGoldsmithError(error)) throw error;
    return [{ ...item, state: 'missing', found: error.message }];
  }
}

function checkResources(home: Home): readonly DoctorItem[] {
  const { cpus, memoryBytes, diskBytes } = readHostResources(home.root);
  const enough = (have: number, comfortGib: number): 'ok' | 'warning' =>
    have >= comfortGib * GIB ? 'ok' : 'warning';
  return [
    { id: 'cpus', title: 'Processors', state: 'ok', found: String(cpus) },
    {
      id: 'memory',
      title: 'Available memory',
      state: enough(memoryBytes, MEMORY_COMFORT_GIB),
      found: `${formatBytes(memoryBytes)} (${MEMORY_COMFORT_GIB} GiB or more is comfortable)`,
    },
    {
      id: 'disk',
      title: `Free disk in ${home.root}`,
      state: enough(diskBytes, DISK_COMFORT_GIB),
      found: `${formatBytes(diskBytes)} (${DISK_COMFORT_GIB} GiB or more is comfortable)`,
    },
  ];
}

/** Name of the system and whether it is Debian or descends from it, out of os-release(5). Pure. */
export function readSystem(osRelease: string): { readonly name: string; readonly family: boolean } {
  const field = (key: string): string =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(osRelease)?.[1]?.replaceAll(/^["']|["']$/g, '') ?? '';
  const ids = [field('ID'), ...field('ID_LIKE').split(' ')];
  return {
    name: field('PRETTY_NAME') || 'an unknown system',
    family: ids.includes('debian') || ids.includes('ubuntu'),
  };
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
