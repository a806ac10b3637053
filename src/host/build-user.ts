/**
 * Who runs the machines. An ordinary user runs everything as themselves. Started as root, programs that
 * face guests or untrusted files (QEMU, passt, qemu-img, mmdebstrap) run as the system user `goldsmith`
 * with no capabilities and no way to gain privileges.
 */
import { chownSync, readFileSync } from 'node:fs';
import { GoldsmithError } from '../model/errors.ts';
import { kvmDeviceGroup } from './accelerator/kvm-device.ts';

/** Name of the system user that root's builds drop to; made when packages are installed. */
export const BUILD_USER_NAME = 'goldsmith';

export interface BuildUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** True when programs must be wrapped to become this user (we are root). */
  readonly dropsPrivileges: boolean;
  /** Supplementary groups that wrapped programs get: at most the group that owns /dev/kvm. */
  readonly groups?: readonly number[];
}

/**
 * The user that builds run as.
 * @throws GoldsmithError `HostNotReady` as root when the system user does not exist yet.
 */
export function currentBuildUser(): BuildUser {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) {
    return { name: String(uid), uid, gid: process.getgid?.() ?? -1, dropsPrivileges: false };
  }
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === BUILD_USER_NAME);
  if (entry === undefined) {
    throw new GoldsmithError('HostNotReady', `The system user "${BUILD_USER_NAME}" does not exist`, {
      hint: 'Run `./goldsmith doctor --install` once as root, or run Goldsmith as an ordinary user.',
    });
  }
  return {
    name: BUILD_USER_NAME,
    uid: Number(entry[2]),
    gid: Number(entry[3]),
    dropsPrivileges: true,
    groups: kvmDeviceGroup(),
  };
}

/** Wraps an argument array so that it runs as `user` with nothing more than it needs. */
export function asBuildUser(user: BuildUser, argv: readonly string[]): readonly string[] {
  if (!user.dropsPrivileges) return argv;
  return [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    user.groups === undefined || user.groups.length === 0
      ? '--clear-groups'
      : `--groups=${user.groups.join(',')}`,
    '--inh-caps=-all',
    '--pdeathsig',
    'KILL', // a change of user clears the outer parent-death signal
    '--',
    ...argv,
  ];
}

/** Hands a file or folder to the build user; nothing to do for an ordinary user. */
export function giveToBuildUser(user: BuildUser, path: string): void {
  if (user.dropsPrivileges) chownSync(path, user.uid, user.gid);
}
