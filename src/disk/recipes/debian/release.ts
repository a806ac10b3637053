/** What the Debian base images are made of. */
import type { AptSource } from './apt-sources.ts';

export type DebianRelease = 'bookworm' | 'trixie';

/**
 * Packages beyond mmdebstrap's minimal set, after Debian's own Azure images: cloud kernel, cloud-init and
 * the Azure agent, netplan with networkd, SSH, growing of the root disk, and the tools that provisioning
 * scripts take for granted. Both boot chains are in one tree so that both generations share it.
 */
export const guestPackages: readonly string[] = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'lz4'],
  ...['grub2-common', 'grub-pc-bin', 'grub-efi-amd64-bin', 'grub-efi-amd64-signed', 'shim-signed'],
  ...['systemd-sysv', 'udev', 'dbus', 'libpam-systemd', 'systemd-resolved', 'systemd-timesyncd'],
  ...['cloud-init', 'cloud-guest-utils', 'waagent', 'hyperv-daemons', 'openssh-server'],
  ...['netplan.io', 'iproute2', 'iputils-ping', 'netbase', 'isc-dhcp-client'],
  ...['e2fsprogs', 'fdisk', 'locales', 'tzdata', 'sudo', 'ca-certificates', 'python3'],
  ...['curl', 'wget', 'gpg', 'less', 'procps', 'psmisc', 'vim-tiny'],
];

/** Suites of one release on the archive mirror and on the security mirror. */
export function sourcesFor(
  release: DebianRelease,
  mirrors: { readonly archive: AptSource; readonly security: AptSource },
): readonly AptSource[] {
  return [
    { ...mirrors.archive, suites: [release, `${release}-updates`] },
    { ...mirrors.security, suites: [`${release}-security`] },
  ];
}
