/** What /dev/kvm looks like from outside, before anything tries to use it. */
import { statSync, type Stats } from 'node:fs';

const KVM_DEVICE = '/dev/kvm';

export interface KvmDevice {
  readonly path: string;
  /** Device number, permission bits and owner: a new value means that an old verdict no longer counts. */
  readonly identity: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The KVM device node, or undefined when this machine has none. */
export function kvmDevice(path = KVM_DEVICE): KvmDevice | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const mode = stats.mode & 0o777;
  return { path, identity: identityOf(stats), mode, uid: stats.uid, gid: stats.gid };
}

/**
 * The group that a build user must have to open /dev/kvm: none when there is no device, when its group may not
 * use it, or when that group is root's. Root may hand out any other group.
 */
export function kvmDeviceGroup(device = kvmDevice()): readonly number[] {
  if (device === undefined || device.gid === 0 || (device.mode & 0o060) !== 0o060) return [];
  return [device.gid];
}

export interface Identity {
  readonly uid: number;
  /** Primary and supplementary groups. */
  readonly groups: readonly number[];
}

/** True when a process with this identity may open the device for reading and writing. */
export function mayUse(device: KvmDevice, who: Identity): boolean {
  if (who.uid === 0) return true;
  const bits =
    device.uid === who.uid
      ? device.mode >> 6
      : who.groups.includes(device.gid)
        ? device.mode >> 3
        : device.mode;
  return (bits & 0o6) === 0o6;
}

function identityOf(stats: Stats): string {
  return `${stats.rdev}:${(stats.mode & 0o7777).toString(8)}:${stats.uid}:${stats.gid}`;
}
