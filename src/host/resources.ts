/** What this machine can still give: processors, memory and disk, as the container or service manager limits them. */
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { GoldsmithError } from '../model/errors.ts';
import { formatBytes } from '../model/sizes.ts';

export interface HostResources {
  /** Whole processors that this process may use: affinity and cgroup quota counted, at least 1. */
  readonly cpus: number;
  /** Memory that can be taken without swapping or hitting a cgroup limit. */
  readonly memoryBytes: number;
  /** Free bytes for ordinary users on the file system of the folder asked about. */
  readonly diskBytes: number;
  readonly folder: string;
}

export interface ResourceNeeds {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/**
 * Reads the resources now. `folder` is where the bytes will go and must exist.
 * @param root prefix of /proc and /sys, for tests.
 */
export function readHostResources(folder: string, root = '/'): HostResources {
  const disk = statfsSync(folder);
  return {
    cpus: Math.max(1, Math.min(availableParallelism(), cgroupCpus(root))),
    memoryBytes: Math.max(0, Math.min(memAvailable(root), cgroupMemory(root))),
    diskBytes: disk.bavail * disk.bsize,
    folder,
  };
}

/**
 * Lets a build start only when what it needs is there, instead of failing in the middle.
 * @throws GoldsmithError `InsufficientResources`, with every shortage and its numbers.
 */
export function admit(needs: ResourceNeeds, host: HostResources): void {
  const shortages: string[] = [];
  if (needs.memoryBytes > host.memoryBytes) {
    shortages.push(
      `${formatBytes(needs.memoryBytes)} of memory is needed and ${formatBytes(host.memoryBytes)} is available`,
    );
  }
  if (needs.diskBytes > host.diskBytes) {
    shortages.push(
      `${formatBytes(needs.diskBytes)} of disk is needed and ${formatBytes(host.diskBytes)} is free in ${host.folder}`,
    );
  }
  if (shortages.length === 0) return;
  throw new GoldsmithError('InsufficientResources', `The build does not fit: ${shortages.join('; ')}`, {
    hint: 'Choose a smaller vmSize or osDiskSizeGB, end other programs, or set GOLDSMITH_HOME to a larger disk.',
  });
}

function memAvailable(root: string): number {
  const text = readText(join(root, 'proc/meminfo')) ?? '';
  const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kibibytes === undefined ? Number.POSITIVE_INFINITY : Number(kibibytes) * 1024;
}

/** Smallest head-room of this process's cgroup and its parents; page cache that can be dropped counts as free. */
function cgroupMemory(root: string): number {
  const v2 = cgroupFolders(root, '').map((folder) => {
    const limit = readNumber(join(folder, 'memory.max'));
    const used = readNumber(join(folder, 'memory.current')) ?? 0;
    return limit === undefined
      ? Number.POSITIVE_INFINITY
      : limit - used + reclaimable(folder, 'inactive_file');
  });
  const v1 = cgroupFolders(root, 'memory').map((folder) => {
    const limit = readNumber(join(folder, 'memory.limit_in_bytes'));
    const used = readNumber(join(folder, 'memory.usage_in_bytes')) ?? 0;
    return limit === undefined
      ? Number.POSITIVE_INFINITY
      : limit - used + reclaimable(folder, 'total_inactive_file');
  });
  return Math.min(Number.POSITIVE_INFINITY, ...v2, ...v1);
}

function reclaimable(folder: string, field: string): number {
  const line = new RegExp(`^${field} (\\d+)$`, 'm').exec(readText(join(folder, 'memory.stat')) ?? '');
  return Number(line?.[1] ?? 0);
}

/** Processors that the CPU quota allows, rounded down but at least 1; infinite without a quota. */
function cgroupCpus(root: string): number {
  const quotas: number[] = [];
  for (const folder of cgroupFolders(root, '')) {
    const [quota, period] = (readText(join(folder, 'cpu.max')) ?? '').trim().split(' ').map(Number);
    if (quota !== undefined && period !== undefined) quotas.push(quota / period);
  }
  for (const folder of cgroupFolders(root, 'cpu')) {
    const quota = readNumber(join(folder, 'cpu.cfs_quota_us')) ?? -1;
    if (quota > 0) quotas.push(quota / (readNumber(join(folder, 'cpu.cfs_period_us')) ?? 100_000));
  }
  const smallest = Math.min(...quotas.filter((quota) => quota > 0));
  return Number.isFinite(smallest) ? Math.max(1, Math.floor(smallest)) : Number.POSITIVE_INFINITY;
}

/**
 * This process's cgroup folder and its parents up to the mount: of one version-1 controller, or of version 2 for
 * the empty name (cgroups(7), `/proc/[pid]/cgroup`). Inside a container some of them are not visible; they drop out
 * because their files do not exist.
 */
function cgroupFolders(root: string, controller: string): readonly string[] {
  const mount = join(root, 'sys/fs/cgroup', controller);
  const line = (readText(join(root, 'proc/self/cgroup')) ?? '')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([, names]) => (controller === '' ? names === '' : names?.split(',').includes(controller)));
  if (line === undefined) return [];
  const folders = [mount];
  for (let path = join('/', line.slice(2).join(':')); path !== '/'; path = dirname(path)) {
    folders.push(join(mount, path));
  }
  return folders;
}

/** A number in a file of its own; undefined when missing or `max`. */
function readNumber(path: string): number | undefined {
  const text = readText(path)?.trim();
  if (text === undefined || text === '' || text === 'max') return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
