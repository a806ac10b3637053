/**
 * The Azure agent's `-deprovision+user`, loaded long before it is wanted. Starting the agent is mostly loading Python
 * modules: seconds on an emulated processor. So a process loads them once, at the end of the first boot, is frozen and
 * woken with the machine, and waits.
 *
 * What runs in the end is the agent's own program, read when it is asked for. When any file that was loaded is not the
 * file on the disk any more (a customizer has updated the agent, or Python), the process says so and the agent is
 * started like any other program.
 */

/** Named pipes and the number of the process; in the folder that the wake agent makes for root alone. */
const ASK = '/run/goldsmith/deprovision';
const ANSWER = `${ASK}.answer`;
const PROCESS = `${ASK}.pid`;
/** The process's name for the kernel, at most 15 characters. */
const NAME = 'goldsmith-last';

/** Where `sh` looks for programs, in the guest's shell and in the waiting process alike. */
export const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Python: `wait_to_deprovision(tell)` for a process of its own that has root's rights and no terminal. It closes the
 * descriptor `tell` when all is loaded, and returns only when there is nothing to wait for. Imports nothing before it is
 * called.
 */
export const WAITING_DEPROVISION = String.raw`
def find_program(name):
    for folder in '${ROOT_PATH}'.split(':'):
        if os.access(folder + '/' + name, os.X_OK): return folder + '/' + name

def is_ours(program):
    # Only a program for this very Python can be run in this process.
    first = get(program, b'').split(b'\n')[0]
    words = [word for word in first[2:].decode('utf-8', 'replace').split() if not word.startswith('-')]
    if first[:2] != b'#!' or not words: return False
    interpreter = words[-1] if words[-1].startswith('/') else find_program(words[-1])
    return interpreter is not None and os.path.realpath(interpreter) == os.path.realpath(sys.executable)

def wait_to_deprovision(tell):
    agent = find_program('waagent')
    if agent is None or not is_ours(agent): return
    libc.prctl(15, b'${NAME}', 0, 0, 0) # PR_SET_NAME
    pipes = []
    for path in ('${ASK}', '${ANSWER}'):
        os.mkfifo(path, 0o600)
        pipes.append(os.open(path, os.O_RDWR | os.O_CLOEXEC)) # both ends: opening it never waits, for nobody
    put('${PROCESS}', b'%d\n' % os.getpid()) # last: who finds it finds the pipes
    load_agent(agent)
    loaded = loaded_files(agent)
    os.close(tell)
    wanted, tag = os.read(pipes[0], 4096).decode('ascii', 'replace').split()
    verdict = 'stale'
    if wanted == agent and loaded == loaded_files(agent): verdict = 'exit %d' % run_agent(agent, pipes[1])
    os.write(pipes[1], ('%s %s\n' % (tag, verdict)).encode())

def load_agent(agent):
    # As the interpreter would have been set up, had it started the agent.
    import site, importlib
    site.main()
    sys.path.insert(0, os.path.dirname(agent))
    for name in ('runpy', 'random', 'traceback', 'pkgutil', 'csv', 'importlib.metadata', 'xml.dom.expatbuilder',
                 'azurelinuxagent.agent', 'azurelinuxagent.pa.deprovision'):
        try: importlib.import_module(name)
        except Exception: pass # then the agent meets the same when it runs

def loaded_files(agent):
    files = {}
    for module in [None] + list(sys.modules.values()):
        path = agent if module is None else getattr(module, '__file__', None)
        if path is None: continue
        try: facts = os.stat(path)
        except OSError: files[path] = None
        else: files[path] = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
    return files

def run_agent(agent, output):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            for fd in (1, 2): os.dup2(output, fd)
            for name in [name for name in os.environ if name.startswith('SUDO_')]: del os.environ[name]
            os.environ.update({'PATH': '${ROOT_PATH}', 'LC_ALL': 'C', 'HOME': '/root'})
            sys.modules['random'].seed() # copies of this machine have the same state
            sys.argv = [agent, '-force', '-deprovision+user']
            try: sys.modules['runpy'].run_path(agent, run_name='__main__')
            except SystemExit as end: code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            except BaseException: sys.modules['traceback'].print_exc()
            else: code = 0
            sys.stdout.flush()
            sys.stderr.flush()
        finally: os._exit(code & 255)
    status = os.waitpid(pid, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
`;

/**
 * Shell, builtins only. `ask_waiting AGENT TAG` has the waiting process run the agent and returns at once; it fails when
 * nobody waits. `hear_waiting TAG` prints what the agent prints and returns its exit code; 255 when it was not run,
 * because the process does not know the agent that is on the disk now. `TAG` is an unguessable word. Descriptor 4 is theirs.
 */
export const ASK_WAITING_DEPROVISION = String.raw`
ask_waiting() {
  [ -p ${ASK} ] && [ -r ${PROCESS} ] || return 1
  read -r waiting < ${PROCESS}
  { read -r called < "/proc/$waiting/comm"; } 2>/dev/null && [ "$called" = ${NAME} ] || return 1
  exec 4< ${ANSWER} # before asking: what is said into a pipe that nobody has open is lost
  echo "$1 $2" > ${ASK}
}
hear_waiting() {
  while IFS= read -r line; do
    case $line in
      "$1 exit "*) return "${'$'}{line##* }" ;;
      "$1 stale") return 255 ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <&4
  echo "the waiting agent has died"
  return 254
}
`;
