/** Files of the guest that differ from what Debian's packages install, and why. */
import { formatDeb822Sources, type AptSource } from './apt-sources.ts';
import type { ArchiveFile } from './tar-archive.ts';

/** Kernel arguments of Azure's Debian images: messages on the screen and on the serial port, never hidden. */
export const KERNEL_ARGUMENTS = 'console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0';

/** Must exist before the kernel and the locales are installed, because their packages act on them. */
export const filesBeforeInstall: readonly ArchiveFile[] = [
  {
    // Every driver of the cloud kernel, so the image starts on Hyper-V, NVMe and virtio alike; lz4 unpacks
    // several times faster than the default, which shows on an emulated processor. No resume device: swap
    // does not outlive a VM, and looking for one delays the boot.
    path: '/etc/initramfs-tools/conf.d/cloud-image',
    content: 'MODULES=most\nCOMPRESS=lz4\nRESUME=none\n',
  },
  { path: '/etc/locale.gen', content: 'en_US.UTF-8 UTF-8\n' },
];

/** Laid over the installed system. */
export function filesAfterInstall(sources: readonly AptSource[]): readonly ArchiveFile[] {
  return [
    { path: '/etc/apt/sources.list.d/debian.sources', content: formatDeb822Sources(sources) },
    { path: '/etc/default/locale', content: 'LANG=C.UTF-8\n' },
    { path: '/etc/hostname', content: 'localhost\n' },
    { path: '/etc/hosts', content: '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' },
    { path: '/etc/resolv.conf', linkTo: '../run/systemd/resolve/stub-resolv.conf' },
    { path: '/etc/default/grub', content: grubDefaults },
    { path: '/etc/cloud/cloud.cfg.d/10-azure.cfg', content: cloudConfig },
    // The list of sources is short and each is recognised at once, so the search at every start and every
    // reload of units is left out. It also means that a machine without any source gets DHCP, not no network.
    { path: '/etc/cloud/ds-identify.cfg', content: 'policy: enabled\n' },
    ...Object.entries(unitDropIns).map(([path, content]) => ({
      path: `/etc/systemd/system/${path}`,
      content,
    })),
  ];
}

/** Read by update-grub when a kernel is installed later; the first grub.cfg is written by this recipe. */
const grubDefaults = `GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX="${KERNEL_ARGUMENTS}"
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --speed=115200 --unit=0"
GRUB_DISABLE_OS_PROBER=true
`;

/**
 * - Azure first; NoCloud so that the image can be tried without Azure.
 * - The locale is there already: without this cloud-init generates en_US again on each first boot.
 * - No RSA host key: making one takes seconds on an emulated processor and no current client needs it.
 * - There is no grub-pc package whose install device cloud-init would have to find out.
 * - The guest's mirrors are chosen by this recipe.
 */
const cloudConfig = `datasource_list: [ Azure, NoCloud, None ]
locale: C.UTF-8
ssh_genkeytypes: [ ed25519, ecdsa ]
ssh:
  emit_keys_to_console: false
grub_dpkg:
  enabled: false
apt:
  preserve_sources_list: true
`;

const unitDropIns: Readonly<Record<string, string>> = {
  // A machine without a network is still a machine: wait half a minute, not two. Sorted before netplan's
  // own drop-in, which then names the interfaces to wait for.
  'systemd-networkd-wait-online.service.d/05-bounded.conf':
    '[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=30\n',
  // A new machine must not spend its first minutes with catching up on package lists under dpkg's lock.
  'apt-daily.timer.d/not-at-boot.conf': '[Timer]\nPersistent=false\n',
  'apt-daily-upgrade.timer.d/not-at-boot.conf': '[Timer]\nPersistent=false\n',
};
