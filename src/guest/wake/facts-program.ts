import { NETWORK_ADDRESS } from './network-address.ts';

/**
 * The part of the agent's program that makes a woken copy somebody else: one function for each of `WAKE_FACTS`, and some for later.
 *
 * What a frozen machine would share with every copy of it, and what is done:
 *
 * | state | what is done |
 * | --- | --- |
 * | the kernel's random numbers | host bytes are credited, then the generator draws a new key (random(4): RNDADDENTROPY, RNDRESEEDCRNG); before anything else |
 * | the seed file for the next boot | written anew from the reseeded generator |
 * | wall clock | set; systemd's calendar timers are stopped before, or a jump of a day would start their jobs |
 * | SSH sessions of the frozen life, with the keys of their ciphers | the server's processes are killed; what they started lives on, as after a logout |
 * | SSH host keys | replaced; types that the host does not make are removed |
 * | random numbers inside the SSH server | a listener that hands connections to a fresh program has none; it is told to start itself again where that program gets the host keys from it |
 * | random numbers inside the waiting Azure agent | Python's generator is seeded anew when it runs; OpenSSL's by itself, because it runs in a fork |
 * | the key of the build user | replaced wherever it stood when the agent started |
 * | machine id | written anew (machine-id(5)) |
 * | boot id | a file bound over the kernel's when the agent starts, rewritten |
 * | SMBIOS UUID | the same with the two places in /sys that show it; a restart of the machine shows the same |
 * | host name | kernel, /etc/hostname, /etc/hosts |
 * | MAC address, and with it the IPv6 link-local address | set on the card, replaced in configuration that names it |
 * | IPv4 address | replaced on the card, with the routes that start from it; systemd-networkd gets a lease for the new one meanwhile, and is told (in /run) not to drop anything before it has it |
 *
 * What stays shared, and why it does no harm:
 *
 * - Keys inside the kernel for hash tables, TCP sequence numbers, SYN cookies and the kernel's own place in memory: each
 *   copy is on a network of its own, where only its host speaks to it, and is thrown away after one build.
 * - Before Linux 5.17, the kernel's small stocks of random words for itself (addresses of the next programs, hash seeds):
 *   never given to programs as random numbers.
 * - Stack canaries and addresses of processes that were running (PID 1, journald, networkd, …): as between a
 *   process and its forks.
 * - The machine id, boot id and DHCP client id that running services have read already: they appear in the journal and in
 *   DHCP messages of this build only; generalizing removes both. Services started later read the new ones.
 * - Invocation ids of units, the id of the D-Bus server, file system UUIDs: names, not secrets; file system UUIDs are
 *   the source image's own.
 * - TPM: build VMs have none.
 * - What customizers that ran before the freeze made: keys, tokens, database ids. They are part of what is being reused,
 *   and the same would be in every machine made from the finished image.
 *
 * Python: `FACTS`, pairs of a name and a function of the request, in the order in which they matter; a function says what it did, or
 * raises. `LATER`: what need not be done before the first command. `make_shadows()` and `stop_timers()` are to be called before the
 * machine is frozen. Uses names of the agent's program.
 */
export const WAKE_FACTS_PROGRAM = String.raw`
UNIT_FOLDERS = [ROOT + '/etc/systemd/system', ROOT + '/etc/systemd/system/timers.target.wants']
SSHD_SESSION = ['/usr/lib/openssh/sshd-session', '/usr/libexec/openssh/sshd-session', '/usr/lib/ssh/sshd-session', '/usr/libexec/sshd-session']
BOOT_ID = '/proc/sys/kernel/random/boot_id'
PRODUCT_UUID = '/sys/class/dmi/id/product_uuid'
DMI_TABLES = '/sys/firmware/dmi/tables/DMI'

def shadow_of(target):
    return RUN + '/' + os.path.basename(target)

def make_shadows():
    # Mounted before the freeze: each mount makes systemd look at all of them again.
    for target, mode in ((BOOT_ID, 0o444), (PRODUCT_UUID, 0o400), (DMI_TABLES, 0o400)):
        if not os.path.exists(target) or is_shadowed(target): continue
        put(shadow_of(target), get(target), mode)
        if libc.mount(shadow_of(target).encode(), target.encode(), None, 4096, None) != 0: # MS_BIND
            raise Unable('mount: ' + os.strerror(ctypes.get_errno()))

def is_shadowed(target):
    return os.path.exists(shadow_of(target)) and os.path.samefile(shadow_of(target), target)

def write_shadow(target, data):
    if ROOT: raise Unable('not the root of a machine')
    if not is_shadowed(target): raise Unable('it is not mounted')
    put(shadow_of(target), data)

# --- the facts, in the order in which they matter ---

def entropy(wish):
    data = wish['entropy']
    if ROOT: raise Unable('not the root of a machine')
    fd = os.open('/dev/urandom', os.O_RDWR | os.O_CLOEXEC)
    try:
        os.write(fd, data)
        try:
            fcntl.ioctl(fd, 0x40085203, struct.pack('ii', len(data) * 8, len(data)) + data) # RNDADDENTROPY
            fcntl.ioctl(fd, 0x5207) # RNDRESEEDCRNG
        except OSError as error: raise Unable('written, but not credited: ' + error.strerror)
    finally: os.close(fd)

def timer_traces():
    # Among transient units are the sessions of logind, so their folder changes with every login.
    traces = [name for name in names(ROOT + '/run/systemd/transient') if name.endswith('.timer')]
    for path in UNIT_FOLDERS:
        try: traces.append(os.stat(path).st_mtime)
        except OSError: traces.append(0)
    return traces

def stop_timers():
    if not os.path.isdir('/run/systemd/system') or ROOT: return
    run(['systemctl', 'stop', '*.timer'])

def timers(wish):
    # A program start is a tenth of a second: only when units came since the timers were stopped.
    global known_traces
    if timer_traces() == known_traces: return
    stop_timers()
    known_traces = timer_traces()
    return 'stopped'

def clock(wish):
    if ROOT: raise Unable('not the root of a machine')
    time.clock_settime(time.CLOCK_REALTIME, float(wish['clock']) / 1000)

def old_sessions(wish):
    servers = [pid for pid in session_processes() if get('%s/proc/%d/comm' % (ROOT, pid), b'').startswith(b'sshd')]
    for pid in servers: end(pid, 9)
    return '%d ended' % len(servers)

def session_processes():
    # All processes are looked at only where logind keeps no groups: each costs a millisecond.
    users = ROOT + '/sys/fs/cgroup/user.slice'
    if not os.path.isdir(users): return [int(name) for name in names(ROOT + '/proc') if name.isdigit() and is_session(name)]
    pids = []
    for user in names(users):
        if not user.startswith('user-'): continue
        for session in names(users + '/' + user):
            if session.startswith('session-'): pids += get('/'.join([users, user, session, 'cgroup.procs']), b'').split()
    return [int(pid) for pid in pids]

def is_session(pid):
    # The listener's title is its command line, since OpenSSH 8.2 with "[listener]"; the others are "sshd: user@notty".
    title = get(ROOT + '/proc/' + pid + '/cmdline', b'')
    return b': ' in title and b'[listener]' not in title

def end(pid, how):
    if ROOT: return
    try: os.kill(pid, how)
    except ProcessLookupError: pass

def host_keys(wish):
    folder = ROOT + '/etc/ssh'
    had, made = set(), {}
    for name in names(folder):
        if name.startswith('ssh_host_') and name.endswith('_key'): had.add(name[9:-4])
    for kind in ('ed25519', 'ecdsa'):
        if 'hostKey.' + kind in wish: made[kind] = wish['hostKey.' + kind], wish['hostKey.' + kind + '.pub']
    kept = [kind for kind in made if kind in had] or ['ed25519']
    for name in names(folder):
        if name.startswith('ssh_host_') and name[9:].split('_key')[0] not in kept: os.unlink(folder + '/' + name)
    for kind in kept:
        path = folder + '/ssh_host_' + kind + '_key'
        put(path, made[kind][0], 0o600)
        put(path + '.pub', made[kind][1])
    # Up to OpenSSH 9.7 the program of each connection reads the keys from their files; since then the listener has them.
    if any(os.path.exists(ROOT + path) for path in SSHD_SESSION): end(int(get(ROOT + '/run/sshd.pid')), 1)
    return ' '.join(kept)

def blobs_in(data):
    return set(word for word in data.split() if word.startswith(b'AAAA'))

def authorized_key(wish):
    global known_blobs
    line = wish['sshPublicKey']
    blob = line.split()[1]
    own = home_of(USER) + '/.ssh/authorized_keys'
    old = known_blobs | {blob}
    kept = [other for other in get(own, b'').split(b'\n') if other.strip() and not blobs_in(other) & old]
    put(own, b'\n'.join(kept + [line]) + b'\n', 0o600)
    roots = ROOT + '/root/.ssh/authorized_keys'
    text = found = get(roots, b'')
    for each in known_blobs: text = text.replace(each, blob)
    if text != found: put(roots, text)
    known_blobs = {blob}

def machine_id(wish):
    put(ROOT + '/etc/machine-id', wish['machineId'] + b'\n', 0o444)
    dbus = ROOT + '/var/lib/dbus/machine-id'
    if os.path.isfile(dbus) and not os.path.islink(dbus): put(dbus, wish['machineId'] + b'\n')

def boot_id(wish):
    write_shadow(BOOT_ID, wish['bootId'] + b'\n')

def wire_uuid(text):
    raw = binascii.unhexlify(text.strip().replace(b'-', b''))
    return raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]

def vm_id(wish):
    if not os.path.exists(ROOT + PRODUCT_UUID): return 'the machine shows none'
    old, new = get(PRODUCT_UUID), wish['vmId'] + b'\n'
    write_shadow(PRODUCT_UUID, new)
    if os.path.exists(DMI_TABLES): write_shadow(DMI_TABLES, get(DMI_TABLES).replace(wire_uuid(old), wire_uuid(new)))

def host_name(wish):
    new = wish['hostName']
    old = get(ROOT + '/proc/sys/kernel/hostname').strip()
    put(ROOT + '/proc/sys/kernel/hostname', new)
    if os.path.exists(ROOT + '/etc/hostname'): put(ROOT + '/etc/hostname', new + b'\n')
    hosts = get(ROOT + '/etc/hosts', b'')
    changed = b'\n'.join(renamed(line, old, new) for line in hosts.split(b'\n'))
    if changed != hosts: put(ROOT + '/etc/hosts', changed)

def renamed(line, old, new):
    words = line.split()
    if old in (b'', b'localhost') or old not in words: return line
    return b' '.join(new + word[len(old):] if word == old or word.startswith(old + b'.') else word for word in words)

def card():
    for name in names(ROOT + '/sys/class/net'):
        if os.path.exists(ROOT + '/sys/class/net/' + name + '/device'): return name
    raise Unable('there is no network card')

def mac_address(wish):
    global old_mac, network_news
    name = card()
    new = wish['macAddress']
    old_mac = get(ROOT + '/sys/class/net/' + name + '/address').strip()
    network_news = None
    if old_mac == new: return
    if ROOT: raise Unable('not the root of a machine')
    network_news = listen_to_network()
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        request = struct.pack('16sH6s8x', name.encode(), 1, binascii.unhexlify(new.replace(b':', b'')))
        fcntl.ioctl(sock.fileno(), 0x8924, request) # SIOCSIFHWADDR
    finally: sock.close()

${NETWORK_ADDRESS}
# --- what need not be done before the first command ---

def link_local(wish):
    if ROOT or old_mac == wish['macAddress']: return
    six = '/proc/sys/net/ipv6/conf/' + card() + '/disable_ipv6'
    if get(six, b'1').strip() == b'0': # the kernel makes a link-local address when IPv6 comes up
        put(six, b'1')
        put(six, b'0')

def mac_in_files(wish):
    new = wish['macAddress']
    if old_mac in (b'', new): return
    for folder in ('/etc/netplan', '/run/systemd/network', '/etc/systemd/network', '/etc/network/interfaces.d',
                   '/etc/NetworkManager/system-connections', '/etc/sysconfig/network-scripts', '/etc/udev/rules.d'):
        for name in names(ROOT + folder):
            path = ROOT + folder + '/' + name
            if not os.path.isfile(path): continue
            text = get(path, b'')
            changed = text.replace(old_mac, new).replace(old_mac.upper(), new.upper())
            if changed != text: put(path, changed)

def seed_file(wish):
    for path in ('/var/lib/systemd/random-seed', '/var/lib/urandom/random-seed'):
        if os.path.isfile(ROOT + path): put(ROOT + path, os.urandom(512), 0o600)

FACTS = (('entropy', entropy), ('mac-address', mac_address), ('timers', timers), ('clock', clock), ('host-keys', host_keys),
         ('authorized-key', authorized_key), ('old-sessions', old_sessions), ('machine-id', machine_id), ('boot-id', boot_id),
         ('vm-id', vm_id), ('host-name', host_name), ('address', address))
LATER = (link_local, mac_in_files, seed_file)
`;
