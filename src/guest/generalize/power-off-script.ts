/**
 * The last part of generalizing: everything to the disk, file systems clean, machine off.
 *
 * `systemctl poweroff --force` skips the orderly stop of every service (seconds on an emulated processor,
 * and services would write again what was just removed: the random seed, leases, logs); systemd-shutdown
 * still ends all processes, unmounts every file system and only then switches off. Without systemd the
 * kernel's emergency remount makes the file systems clean.
 */
export const POWER_OFF_SCRIPT = String.raw`
sync # freed blocks can be trimmed only after the file system has committed that they are free
fstrim -av 2>/dev/null
sync
say off
# The signal is what that command comes down to (systemd(1), SIGRTMIN+14 where SIGRTMIN is 34).
if [ -d /run/systemd/system ]; then
  kill -48 1 || systemctl poweroff --force 3<&-
  # At its end the time service waits for a thread that may wait five seconds for a resolver that has ended by then.
  for group in /sys/fs/cgroup /sys/fs/cgroup/systemd; do
    { while read -r pid; do kill -9 "$pid"; done < $group/system.slice/systemd-timesyncd.service/cgroup.procs; } 2>/dev/null
  done
fi
if [ ! -d /run/systemd/system ]; then
  echo 1 > /proc/sys/kernel/sysrq
  echo s > /proc/sysrq-trigger; echo u > /proc/sysrq-trigger; sync
  poweroff -f 3<&- || echo o > /proc/sysrq-trigger
fi
`;
