/**
 * What an emulated build VM does differently in its first seconds, as a file that its own initramfs reads: Debian's
 * and Ubuntu's initramfs-tools source every `conf/conf.d/*` before they begin (initramfs.conf(5)); other kinds
 * of initramfs never look there. Nothing of it is on the disk: the initramfs is gone when the system starts, and
 * /run is gone when the machine is switched off.
 */
import type { CpioEntry } from '../disk/boot-files/cpio-archive.ts';
import { KEEP_ADDRESS } from '../guest/wake/network-address.ts';

/** The devices of our machines, loaded by name. */
const DRIVERS = 'virtio_pci virtio_blk virtio_net virtio_scsi sr_mod ext4';

/**
 * The system looks at all devices with udev itself, some seconds later; to have it done in the initramfs too costs
 * two seconds. It is left out only where nothing but the standard scripts is there: disk encryption, LVM and
 * RAID bring scripts of their own, which may need it. The last part stands in for udev's own script at the
 * end, which would move /dev. ORDER files are lists that the initramfs sources.
 *
 * When a copy of a frozen build VM is woken, its network is never down; set before the network starts, that costs nothing.
 *
 * cloud-init's last two stages have nothing to do in a build VM, but each starts an interpreter that would compete with
 * the login and the first customizer: they get the time that nobody wants.
 */
const SCRIPT = `
goldsmith_standard() {
  for order in /scripts/init-premount/ORDER /scripts/local-top/ORDER /scripts/local-block/ORDER; do
    [ -e "$order" ] && return 1
  done
  while read -r script rest; do
    case $script in
      /scripts/init-top/all_generic_ide | /scripts/init-top/blacklist | /scripts/init-top/keymap) ;;
      /scripts/init-top/udev | /scripts/init-bottom/udev | '[') ;;
      *) return 1 ;;
    esac
  done </goldsmith/orders
}
mkdir -p /goldsmith
cat /scripts/init-top/ORDER /scripts/init-bottom/ORDER >/goldsmith/orders 2>/dev/null
if goldsmith_standard; then
  : >/scripts/init-top/ORDER
  echo '-a ${DRIVERS}' >>/conf/modules
  echo 'mount -n -o move /dev "$rootmnt/dev" && { nuke /dev || rm -rf /dev; } && ln -s "$rootmnt/dev" /dev' >/scripts/init-bottom/ORDER
fi
echo '. /goldsmith/run.sh' >>/scripts/init-bottom/ORDER
`;

/** The configuration that netplan writes for the first card, by name. */
const NETWORK_DROP_IN = '/run/systemd/network/10-netplan-eth0.network.d';

const RUN_SCRIPT = `
mkdir -p ${NETWORK_DROP_IN}
echo '${KEEP_ADDRESS.join('\n')}' >${NETWORK_DROP_IN}/goldsmith.conf
units=/run/systemd/system
mkdir -p $units/cloud-config.service.d $units/cloud-final.service.d
for name in cloud-config cloud-final; do
  echo '[Service]
CPUSchedulingPolicy=idle' >$units/$name.service.d/goldsmith.conf
done
`;

/** Files for an initramfs that the machine's own is appended to. */
export const initramfsHook: readonly CpioEntry[] = [
  { path: 'conf' },
  { path: 'conf/conf.d' },
  { path: 'conf/conf.d/zz-goldsmith', content: SCRIPT },
  { path: 'goldsmith' },
  { path: 'goldsmith/run.sh', content: RUN_SCRIPT },
];
