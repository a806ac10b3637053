import { WAITING_DEPROVISION } from '../generalize/waiting-deprovision.ts';
import { WAKE_FACTS_PROGRAM } from './facts-program.ts';

/**
 * The program that waits inside a machine for the day it is frozen and woken as somebody else.
 *
 * Python, because every image that cloud-init or the Azure agent can provision has it, and because one process that
 * is running already does in a third of a second what a script with twenty programs does in two seconds on an
 * emulated processor. It is read from standard input: nothing of it is on a disk. All modules are built in or loaded before the
 * freeze. Not `socket`, `signal` or `subprocess`, which are large and load further modules. Arguments: the build user's
 * name, the serial device, a folder that stands for the root of a machine (empty: the root; what only a real machine
 * has is refused elsewhere), and the mode: `install`, or `foreground` on standard input and output, for tests.
 */
export const AGENT_PROGRAM = String.raw`
import os, sys, ctypes, fcntl, termios, struct, time, binascii, errno, zlib
import _socket

USER, DEVICE, ROOT, MODE = sys.argv[1:5]
MARK = b'goldsmith-wake '
LIMIT = 16384
RUN = ROOT + '/run/goldsmith'

class Unable(Exception): pass

def get(path, default=None):
    try:
        with open(path, 'rb') as file: return file.read()
    except OSError:
        if default is None: raise
        return default

def put(path, data, mode=0o644):
    # In place: owner, mode and label stay, and a file that is a mount point can be written.
    # Not emptied first: a file system that keeps such files safe would write it to the disk at once.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        length = len(data)
        while data: data = data[os.write(fd, data):]
        if os.fstat(fd).st_size > length: os.ftruncate(fd, length)
    finally: os.close(fd)

def names(folder):
    try: return sorted(os.listdir(folder))
    except OSError: return []

def home_of(user):
    for line in get(ROOT + '/etc/passwd').decode('utf-8', 'replace').split('\n'):
        fields = line.split(':')
        if len(fields) == 7 and fields[0] == user: return ROOT + fields[5]
    raise Unable('there is no user ' + user)

${WAKE_FACTS_PROGRAM}
def run(words):
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open('/dev/null', os.O_RDWR)
            for fd in (0, 1, 2): os.dup2(null, fd)
            os.execvp(words[0], words)
        finally: os._exit(127)
    return os.waitpid(pid, 0)[1]

def wish_from(content):
    wish = {}
    for line in zlib.decompress(content).split(b'\n'):
        name, _, value = line.partition(b' ')
        wish[name.decode('ascii')] = binascii.a2b_base64(value)
    return wish

def report(wish):
    said = []
    for name, act in FACTS:
        try: verdict, detail = 'yes', act(wish) or ''
        except (OSError, Unable, KeyError, ValueError, IndexError) as error: verdict, detail = 'no', '%s: %s' % (type(error).__name__, error)
        said.append('%s %s %s' % (name, verdict, detail.replace('\n', ' ')[:200]))
    return ('\n'.join(said) + '\n').encode('ascii', 'replace')

def connect_to_ssh():
    # For every connection the SSH server starts its program anew: half a second on an emulated processor that has not run
    # it since it was woken. This connection has that done beside the facts, and is dropped before anything is said.
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    sock.setblocking(False)
    if ROOT: return sock
    try: sock.connect(('127.0.0.1', 22))
    except OSError: pass # it is on its way; or there is no server, which the login will find out
    return sock

def read_frame(fd, held):
    # Whatever stands before a header is noise of an earlier life.
    while True:
        at = held.find(MARK)
        held = held[at:] if at >= 0 else held[-len(MARK):]
        head, end, rest = held.partition(b'\n')
        words = head.split(b' ')
        if at >= 0 and end:
            if len(words) == 3 and len(words[1]) == 32 and words[2].isdigit() and int(words[2]) <= LIMIT:
                if len(rest) >= int(words[2]): return words[1], rest[:int(words[2])]
            else:
                held = held[len(MARK):]
                continue
        elif len(held) > LIMIT: held = b''
        chunk = os.read(fd, LIMIT)
        if not chunk: raise Unable('the line has ended')
        held += chunk

def open_line():
    fd = os.open(DEVICE, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    raw = termios.tcgetattr(fd)
    raw[0] = raw[1] = raw[3] = 0
    raw[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    raw[4] = raw[5] = termios.B115200
    raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, raw)
    return fd

def say(fd, nonce, content):
    message = MARK + nonce + (' %d\n' % len(content)).encode() + content
    while message: message = message[os.write(fd, message):]

def serve(heard, spoken):
    while True:
        head = os.read(heard, LIMIT)
        rehearsal = connect_to_ssh()
        nonce, content = read_frame(heard, head)
        try: wish = wish_from(content)
        except (ValueError, zlib.error): wish = {}
        said = report(wish)
        rehearsal.close()
        say(spoken, nonce, said)
        for act in LATER:
            try: act(wish)
            except (OSError, KeyError): pass

${WAITING_DEPROVISION}
def leave_session():
    # A session of the user, of sudo or of SSH that ends takes its processes along; PID 1's own group stays to the end.
    os.setsid()
    os.chdir('/')
    os.umask(0o022)
    for path in ('/sys/fs/cgroup/init.scope/cgroup.procs', '/sys/fs/cgroup/systemd/init.scope/cgroup.procs'):
        if os.path.exists(path):
            put(path, b'0')
            break
    try: put('/proc/self/oom_score_adj', b'-1000')
    except OSError: pass
    libc.prctl(15, b'goldsmith-wake', 0, 0, 0) # PR_SET_NAME
    null = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2): os.dup2(null, fd)

def install():
    lock = os.open(RUN + '/lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK: raise
        print('waiting')
        return
    line = open_line()
    make_shadows()
    keep_address()
    ready, tell = os.pipe2(os.O_CLOEXEC)
    if os.fork() == 0:
        leave_session()
        os.write(tell, b'.')
        os.close(tell)
        os.close(ready)
        serve(line, line)
        os._exit(0)
    os.close(tell)
    stop_timers()
    waits = os.read(ready, 1)
    loaded, tell = os.pipe2(os.O_CLOEXEC)
    if os.fork() == 0:
        os.close(line)
        leave_session()
        wait_to_deprovision(tell)
        os._exit(0)
    os.close(tell)
    os.read(loaded, 1) # or its end, when there is nothing to load
    if waits: print('waiting')

libc = ctypes.CDLL(None, use_errno=True)
old_mac, network_news, address_is_kept = b'', None, False
os.makedirs(RUN, 0o700, True)
known_traces = timer_traces()
known_blobs = blobs_in(get(home_of(USER) + '/.ssh/authorized_keys', b''))
if MODE == 'install': install()
else: serve(0, 1)
`;
