/**
 * How a woken copy comes to an IPv4 address of its own: the part of the agent's program that does it.
 *
 * The address is changed on the card, with the routes that start from it, and whatever DHCP client runs finds it so.
 * Leaving it to the client would cost the second or two that systemd-networkd takes after it was refused the old one; others take
 * no notice of a card with another MAC address and would never ask.
 */

/** Lines of a networkd drop-in (systemd.network(5)): the lease stays while the card changes. */
export const KEEP_ADDRESS = ['[Network]', 'KeepConfiguration=dhcp'] as const;

/**
 * Python: `address(wish)`, a fact of the report; `keep_address()`, to be called before the machine is frozen;
 * `listen_to_network()`, which must be heard before the card changes. Uses names of the agent's program.
 */
export const NETWORK_ADDRESS = String.raw`
def address(wish):
    if ROOT: raise Unable('not the root of a machine')
    if network_news is not None:
        try:
            if not address_is_kept and names('/run/systemd/netif/leases'): wait_for_lease(network_news)
        finally: network_news.close()
    return change_address(_socket.inet_aton(wish['address'].decode()))

# The wire of rtnetlink(7): a header of 16 bytes, a fixed part, attributes of a type and a value each.

def read_messages(sock):
    data = sock.recv(262144)
    while len(data) >= 16:
        length, kind = struct.unpack_from('=IH', data)
        yield kind, data[16:length]
        data = data[max(16, length + 3 & ~3):]

def ask_kernel(sock, kind, flags, body):
    sock.send(struct.pack('=IHHII', 16 + len(body), kind, flags | 1, 0, 0) + body) # NLM_F_REQUEST
    answers = []
    while True:
        for answer, body in read_messages(sock):
            if answer == 2: # NLMSG_ERROR, also for success
                code = -struct.unpack_from('=i', body)[0]
                if code: raise OSError(code, os.strerror(code))
            if answer in (2, 3): return answers # NLMSG_DONE
            answers.append(body)

def attributes(body):
    found = {}
    while len(body) >= 4:
        length, kind = struct.unpack_from('=HH', body)
        found[kind] = body[4:length]
        body = body[max(4, length + 3 & ~3):]
    return found

def with_address(head, found, old, new):
    for kind, value in found.items():
        value = new if value == old else value
        head += struct.pack('=HH', 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return head

def distance(one, other):
    return int.from_bytes(one, 'big') ^ int.from_bytes(other, 'big')

def change_address(new):
    index = int(get('/sys/class/net/' + card() + '/ifindex'))
    sock = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, 0)
    try:
        dump, replace = 0x300, 0x504 # NLM_F_DUMP; NLM_F_CREATE, NLM_F_REPLACE, NLM_F_ACK
        addresses = []
        for body in ask_kernel(sock, 22, dump, struct.pack('=BBBBI', 2, 0, 0, 0, 0)): # RTM_GETADDR, AF_INET
            found = attributes(body[8:])
            if struct.unpack_from('=I', body, 4)[0] == index and 2 in found: addresses.append((body, found)) # IFA_LOCAL
        if any(found[2] == new for _, found in addresses): return
        # A customizer may have given the card others: ours is the one that the segment's others are secondary to.
        ours = [found[2] for body, found in addresses if not body[2] & 1 and distance(found[2], new) >> 32 - body[1] == 0]
        if not ours: raise Unable('the card has no address of its network')
        old = ours[0]
        routes = []
        for route in ask_kernel(sock, 26, dump, struct.pack('=BBBBBBBBI', 2, 0, 0, 0, 0, 0, 0, 0, 0)): # RTM_GETROUTE
            kept = attributes(route[12:])
            # Not the kernel's own (RTPROT_KERNEL): it makes them with the address.
            if route[5] == 2 or kept.get(4) != struct.pack('=I', index): continue # RTA_OIF
            on_link = struct.unpack_from('=I', route, 8)[0] & 4 # RTNH_F_ONLINK; the other flags are the kernel's
            routes.append((route[6], route[:8] + struct.pack('=I', on_link), kept)) # rtm_scope
        # All of them, or one of the others would become the first of the segment.
        for body, _ in reversed(addresses): ask_kernel(sock, 21, 4, body) # RTM_DELADDR
        for body, found in addresses: ask_kernel(sock, 20, replace, with_address(body[:8], found, old, new)) # RTM_NEWADDR
        for _, head, kept in sorted(routes, key=lambda route: -route[0]): # what is on the link first: gateways are
            ask_kernel(sock, 24, replace, with_address(head, kept, old, new)) # RTM_NEWROUTE
        return 'changed, %d routes' % len(routes)
    finally: sock.close()

def listen_to_network():
    news = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, 0)
    news.bind((0, 0x50)) # RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE
    return news

def wait_for_lease(news):
    # A second for the loss of the old one, if it comes at all; ten for the new one and its default route.
    missing = {21, 20, 24} # RTM_DELADDR, RTM_NEWADDR, RTM_NEWROUTE
    until = time.monotonic() + 1
    while missing:
        news.settimeout(max(0.001, until - time.monotonic()))
        try: messages = list(read_messages(news))
        except OSError:
            if 21 in missing: return 'it stays'
            raise Unable('no new lease')
        for kind, body in messages:
            if kind == 21 and 21 in missing:
                missing.discard(21)
                until += 10
            elif 21 not in missing and (kind == 20 or kind == 24 and body[1:2] == b'\0'): # rtm_dst_len
                missing.discard(kind)
    return 'a new lease'

def keep_address():
    # systemd-networkd drops its lease when the card changes, and asks for one again: half a second, and a connection
    # that begins in between is lost for ten. With this setting it asks without dropping.
    global address_is_kept
    files = set()
    for index in names('/run/systemd/netif/leases'):
        for line in get('/run/systemd/netif/links/' + index, b'').decode().split('\n'):
            if line.startswith('NETWORK_FILE='): files.add(os.path.basename(line[13:]))
    if not files: return
    folders = ['/run/systemd/network/' + name + '.d' for name in files]
    if all(get(folder + '/goldsmith.conf', b'') == b'${KEEP_ADDRESS.join('\\n')}\n' for folder in folders):
        address_is_kept = True # it was there before networkd started
        return
    for folder in folders:
        os.makedirs(folder, 0o755, True)
        put(folder + '/goldsmith.conf', b'${KEEP_ADDRESS.join('\\n')}\n')
    news = listen_to_network()
    try:
        if run(['networkctl', 'reload']) == 0:
            wait_for_lease(news)
            address_is_kept = True
    finally: news.close()
`;
