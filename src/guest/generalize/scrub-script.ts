/**
 * The second part of generalizing: removes what the build and the first boot left behind, whoever
 * deprovisioned before. Nothing here starts an interpreter larger than the shell: `cloud-init clean` costs
 * seconds on an emulated processor and does no more than these removals (and the hooks of clean.d).
 *
 * Shell variables: $user (a plain name, checked by the caller), $home, $blob, $buildhost, and $scrubbed, which is empty at first.
 */

/** `homes`: home folders of all users, root's included, one a line. Shared with the proof. Builtins only. */
export const HOMES_FUNCTION = String.raw`
homes() {
  while IFS=: read -r _ _ _ _ _ folder _; do
    case $folder in
      /bin|/sbin|/dev|/proc|/usr/sbin|/nonexistent|/) ;;
      /*) [ -d "$folder" ] && echo "$folder" ;;
    esac
  done < /etc/passwd
  for folder in /root /home/*; do [ -d "$folder" ] && echo "$folder"; done
}
`;

/**
 * What no deprovisioning looks at: it can be removed while one is going on. At the end it is written to the disk,
 * together with what the customizers left to be written.
 */
export const SCRUB_BESIDE_SCRIPT = String.raw`
scrub_beside() {
  scrubbed=1
  # cloud-init starts over.
  for hook in /etc/cloud/clean.d/*; do [ -f "$hook" ] && [ -x "$hook" ] && "$hook" 3<&- >/dev/null 2>&1; done
  for entry in /var/lib/cloud/* /var/lib/cloud/.[!.]*; do
    [ "$entry" = /var/lib/cloud/seed ] || rm -rf "$entry"
  done
  for file in /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* \
    /etc/NetworkManager/system-connections/cloud-init-*.nmconnection /etc/systemd/network/10-cloud-init-*.network \
    /etc/sysconfig/network-scripts/ifcfg-*; do
    [ -f "$file" ] && grep -qi 'cloud-init' "$file" && rm -f "$file"
  done

  # The journal of this build. journald is told to let go of the disk first, or it would write on.
  [ -d /var/log/journal ] && journalctl --relinquish-var >/dev/null 2>&1
  # Services are not stopped in order later, so nobody else removes their private folders.
  rm -rf /var/log/journal/* /var/log/cloud-init*.log* /tmp/goldsmith-* /var/tmp/goldsmith-* /tmp/DeprovisioningScript.sh \
    /var/tmp/cloud-init /tmp/systemd-private-* /var/tmp/systemd-private-*
  sync
}
`;

export const SCRUB_SCRIPT = String.raw`
[ -n "$scrubbed" ] || scrub_beside

# The build user, its group, home, rights and traces.
if grep -q "^$user:" /etc/passwd; then userdel -f -r "$user" >/dev/null 2>&1; fi
# One look at all of them: each process costs a tenth of a second on an emulated processor.
for file in $(cd /etc && grep -l "$user" passwd shadow group gshadow subuid subgid 2>/dev/null); do
  case $file in
    group|gshadow)
      sed -i -e "/^$user:/d" -e "s/\([:,]\)$user,/\1/g" -e "s/,$user\(:\|\$\)/\1/g" -e "s/:$user\(:\|\$\)/:\1/g" "/etc/$file" ;;
    *) sed -i "/^$user:/d" "/etc/$file" ;;
  esac
done
rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-
grep -ls "^[[:space:]]*$user[[:space:]]" /etc/sudoers.d/* | while read -r file; do
  sed -i "/^[[:space:]]*$user[[:space:]]/d" "$file"
  grep -q '^[[:space:]]*[^#[:space:]]' "$file" || rm -f "$file"
done
case $home in /?*) [ "$home" = /root ] || rm -rf "$home" ;; esac
rm -rf "/var/mail/$user" "/var/spool/mail/$user" "/var/spool/cron/$user" "/var/spool/cron/crontabs/$user" \
  "/var/lib/systemd/linger/$user" "/var/lib/sudo/lectured/$user" "/var/db/sudo/lectured/$user"

# The build's key wherever it was copied to, and every shell history.
list=$(homes)
set -f; IFS='
'
set -- $list
set +f; unset IFS
for folder in "$@"; do
  for file in "$folder"/.ssh/authorized_keys*; do
    [ -f "$file" ] || continue
    if grep -qF "$blob" "$file"; then
      kept=$(grep -vF "$blob" "$file"); printf '%s' "$kept" > "$file"; [ -n "$kept" ] && echo >> "$file"
    fi
    [ -s "$file" ] || rm -f "$file"
  done
  [ -d "$folder/.ssh" ] && rmdir "$folder/.ssh" 2>/dev/null
  for name in .bash_history .zsh_history .ash_history .sh_history .python_history .lesshst .viminfo .wget-hsts \
    .sudo_as_admin_successful; do
    if [ -e "$folder/$name" ] || [ -L "$folder/$name" ]; then rm -f "$folder/$name"; fi
  done
done

# What makes this machine this machine.
rm -f /etc/ssh/ssh_host_*
if [ "$(cat /etc/machine-id 2>/dev/null)" != uninitialized ]; then : > /etc/machine-id; fi
[ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ] && rm -f /var/lib/dbus/machine-id
rm -f /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/systemd/credential.secret
[ -f /etc/hostname ] && echo localhost.localdomain > /etc/hostname
case $buildhost in
  ''|localhost*) ;;
  *) grep -q "^127\.0\.1\.1[[:space:]].*$buildhost" /etc/hosts 2>/dev/null && sed -i "/^127\.0\.1\.1[[:space:]].*$buildhost/d" /etc/hosts ;;
esac
rm -f /var/lib/dhcp/*.lease* /var/lib/dhclient/*.lease* /var/lib/NetworkManager/*.lease \
  /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/timestamps /etc/udev/rules.d/70-persistent-net.rules
if [ -f /etc/resolv.conf ] && [ ! -L /etc/resolv.conf ] && grep -qi 'generated by\|168\.63\.129\.16' /etc/resolv.conf; then
  : > /etc/resolv.conf
fi

# The agent starts over. A service that runs has a control group; asking systemd takes longer.
for service in walinuxagent waagent; do
  for group in /sys/fs/cgroup/system.slice /sys/fs/cgroup/systemd/system.slice; do
    [ -d "$group/$service.service" ] && systemctl stop "$service"
  done
done
rm -rf /var/lib/waagent/* /var/log/waagent.log*

# The logs that others write.
for log in syslog auth.log messages secure kern.log daemon.log user.log debug cron maillog sudo.log wtmp btmp lastlog faillog; do
  [ -f "/var/log/$log" ] && : > "/var/log/$log"
done
`;
