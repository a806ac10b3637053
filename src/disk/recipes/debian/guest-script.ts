/** The shell script that finishes the tree inside the chroot, after the packages are installed. */

/** Where the script leaves what it found out; `name value` lines, then a blank line, then `package version` lines. */
export const FACTS_PATH = '/.facts';
export const SCRIPT_PATH = '/.finish';

/** GRUB's core for BIOS machines needs no module from the disk up to its menu. */
const coreModules =
  'biosdisk part_gpt part_msdos ext2 search search_fs_uuid normal configfile linux serial terminal echo test ' +
  'boot minicmd ls cat all_video gzio reboot halt loadenv sleep true';

/**
 * Steps in order: boot files for BIOS as grub-install would leave them (the core finds its files on
 * partition 1 of the disk it was started from, so a data disk can never be taken for it); the debconf
 * answers that let a later shim upgrade refresh the removable boot path without touching firmware
 * variables; services (no scrubbing without LVM, no note of a good start for a menu that nobody sees);
 * generalization; marks that system users and caches are up to date, which spares the first boot making
 * them again (systemd-update-done.service(8)); facts.
 * Python's byte code is made again with time stamps: a reproducible install leaves it stamped with hashes of
 * the sources (PEP 552), which every import then reads and hashes, a third of cloud-init's start under emulation.
 */
export const guestScript = `set -eu
locale-gen
mkdir -p /boot/grub/i386-pc /boot/efi
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst /usr/lib/grub/i386-pc/boot.img /boot/grub/i386-pc/
grub-mkimage -O i386-pc -o /boot/grub/i386-pc/core.img -p '(,gpt1)/boot/grub' ${coreModules}
grub-editenv /boot/grub/grubenv create
printf '%s\\n' 'shim-signed grub2/force_efi_extra_removable boolean true' \\
  'shim-signed grub2/update_nvram boolean false' | debconf-set-selections

systemctl enable systemd-networkd.service systemd-resolved.service ssh.service walinuxagent.service
for unit in e2scrub_reap.service e2scrub_all.timer grub-common.service; do
  if [ -n "$(find /lib/systemd/system /etc/init.d -name "$unit" -print -quit)" ]; then systemctl disable "$unit"; fi
done
sed -i 's/^Provisioning.SshHostKeyPairType=.*/Provisioning.SshHostKeyPairType=ed25519/' /etc/waagent.conf
grep -q '^Provisioning.Agent=cloud-init' /etc/waagent.conf

env -u SOURCE_DATE_EPOCH python3 -c '
import glob, importlib.util, py_compile
for path in sorted(glob.glob("/usr/lib/python3*/**/__pycache__/*.pyc", recursive=True)):
    if ".opt-" not in path:
        stamp = py_compile.PycInvalidationMode.TIMESTAMP
        py_compile.compile(importlib.util.source_from_cache(path), cfile=path, invalidation_mode=stamp)
'

passwd -l root >/dev/null
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /etc/apt/sources.list /etc/apt/apt.conf.d/99mmdebstrap
rm -rf /var/lib/cloud /var/log/journal /root/.bash_history
: >/etc/machine-id
touch -r /usr /etc/.updated /var/.updated
test -e /vmlinuz && test -e /initrd.img

{
  echo "debian-version $(cat /etc/debian_version)"
  for list in /var/lib/apt/lists/*Release; do
    echo "release-date $(date -u -d "$(sed -n 's/^Date: //p' "$list" | head -n 1)" +%s)"
  done
  echo
  dpkg-query -W -f '\${Package} \${Version}\\n'
} >${FACTS_PATH}
`;
