/**
 * The third part of generalizing: looks at the disk as it will be captured and states facts, one line each.
 * It reads only, and shares no decision with the scrub, so a mistake there shows up here.
 */

/** Every fact that must be stated, and stated true. */
export const PROVEN_FACTS = [
  'no-build-user',
  'no-build-user-rights',
  'no-build-user-home',
  'no-build-key',
  'no-host-keys',
  'no-machine-id',
  'no-shell-history',
  'no-random-seed',
  'no-dhcp-leases',
  'cloud-init-starts-over',
  'agent-starts-over',
  'no-build-scripts',
  'no-build-logs',
] as const;

export type ProvenFact = (typeof PROVEN_FACTS)[number];

export const PROOF_SCRIPT = String.raw`
# $1 = fact, the rest = what speaks against it
fact() { name=$1; shift; if [ -z "$*" ]; then say fact "$name" yes; else say fact "$name" no "$*"; fi; }
existing() { for path in "$@"; do [ -e "$path" ] && printf '%s ' "$path"; done; }

fact no-build-user $(grep -lE "(^|[:,])$user([:,]|\$)" /etc/passwd /etc/passwd- /etc/shadow /etc/shadow- /etc/group /etc/group- \
  /etc/gshadow /etc/gshadow- /etc/subuid /etc/subuid- /etc/subgid /etc/subgid- 2>/dev/null)
fact no-build-user-rights $(grep -rlE "^[[:space:]]*$user[[:space:]]" /etc/sudoers /etc/sudoers.d 2>/dev/null)
fact no-build-user-home $(existing "$home" "/home/$user" "/var/mail/$user")
list=$(homes)
set -f; IFS='
'
set -- $list
set +f; unset IFS
fact no-build-key $(for folder in "$@"; do
  for file in "$folder"/.ssh/*; do [ -f "$file" ] && grep -lF "$blob" "$file"; done
done; grep -rlF "$blob" /etc/ssh /etc/cloud 2>/dev/null)
fact no-host-keys $(existing /etc/ssh/ssh_host_*key*)
if [ ! -e /etc/machine-id ]; then fact no-machine-id "/etc/machine-id is missing"
elif [ -s /etc/machine-id ] && [ "$(cat /etc/machine-id)" != uninitialized ]; then fact no-machine-id /etc/machine-id
elif [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then fact no-machine-id /var/lib/dbus/machine-id
else fact no-machine-id; fi
fact no-shell-history $(for folder in "$@"; do existing "$folder"/.*_history "$folder"/.lesshst "$folder"/.viminfo; done)
fact no-random-seed $(existing /var/lib/systemd/random-seed /var/lib/urandom/random-seed)
fact no-dhcp-leases $(existing /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease* /var/lib/NetworkManager/*.lease)
fact cloud-init-starts-over $(existing /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem)
fact agent-starts-over $(existing /var/lib/waagent/provisioned /var/lib/waagent/ovf-env.xml /var/lib/waagent/*.prv)
fact no-build-scripts $(existing /tmp/goldsmith-* /var/tmp/goldsmith-* /tmp/DeprovisioningScript.sh)
fact no-build-logs $(existing /var/log/cloud-init.log /var/log/cloud-init-output.log /var/log/waagent.log /var/log/journal/*/*)

if [ ! -x /usr/bin/cloud-init ] && ! command -v cloud-init >/dev/null && [ -z "$agent" ] && [ ! -e /usr/lib/systemd/system/sshd-keygen.target ]; then
  say warning "the image has neither cloud-init nor the Azure agent: nothing makes new SSH host keys at its first boot"
fi
`;
