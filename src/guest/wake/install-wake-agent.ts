/** Puts the wake agent into a machine that is about to be frozen. */
import { GoldsmithError } from '../../model/errors.ts';
import type { GuestShell } from '../guest-shell.ts';
import { asRoot } from '../shell-words.ts';
import { AGENT_PROGRAM } from './agent-program.ts';

/** The guest's second serial port: `RunningVm.control` is its other end. */
const DEVICE = '/dev/ttyS1';

/** Red Hat's systems have a Python for system programs even when `python3` is not installed. */
const FIND_PYTHON = `
python=$(command -v python3) || python=/usr/libexec/platform-python
[ -x "$python" ] || { echo "it has no Python 3"; exit 1; }
[ -c "$2" ] || { echo "it has no second serial port"; exit 1; }
exec "$python" -I -S - "$1" "$2" '' install
`;

/** Enough for a complaint. */
const WORDS_LIMIT = 2000;

/**
 * Starts the agent as root, apart from the connection of `shell`. Resolves when it waits on the serial line; from then
 * on the machine may be frozen, and every copy of it, and copies of those, can be given a new identity by
 * `wakeGuest`. Calling it again while one waits changes nothing. It also stops systemd's timers for the rest of
 * the machine's life, because nothing but customizers should run in a build VM, and has systemd-networkd ask for its
 * lease once more: the network is gone for some tenths of a second.
 * @throws GoldsmithError `GuestUnreachable` when the guest cannot have an agent (freeze nothing then), `Cancelled`.
 */
export async function installWakeAgent(shell: GuestShell, signal: AbortSignal): Promise<void> {
  const words = ['/bin/sh', '-c', FIND_PYTHON, 'sh', shell.userName, DEVICE];
  let said = '';
  const { exitCode } = await shell.exec(asRoot(shell.userName, words), {
    stdin: AGENT_PROGRAM,
    signal,
    onOutput: (_, chunk) => {
      if (said.length < WORDS_LIMIT) said += chunk.toString('utf8');
    },
  });
  if (exitCode === 0 && said.trim() === 'waiting') return;
  throw new GoldsmithError(
    'GuestUnreachable',
    'The build VM cannot be made ready for a copy of it to be woken',
    {
      internal: said.slice(-WORDS_LIMIT),
      details: [{ code: 'NoWakeAgent', message: lastLine(said) || `exit code ${exitCode}` }],
    },
  );
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
