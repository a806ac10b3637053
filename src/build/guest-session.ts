/** A machine that answers: one open shell in a started guest. */
import type { GuestShell } from '../guest/guest-shell.ts';
import type { SshKeyPair } from '../guest/ssh/key-pair.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { RunningVm, VmKernel, VmMemory } from '../vm/hypervisor.ts';
import type { MachineDescription } from './machine-description.ts';
import { startGuest, type LoginOptions, type StartedGuest, type StartGuestOptions } from './start-guest.ts';
import type { Watch } from './watch.ts';

export interface GuestSessionOptions extends StartGuestOptions {
  /** From power-on to the login, milliseconds. */
  readonly bootTimeoutMs: number;
  readonly consoleLog: string;
}

export interface GuestSession extends AsyncDisposable {
  readonly machine: MachineDescription;
  /** Azure region, as the guest was told. */
  readonly location: string;
  readonly key: SshKeyPair;
  /** Discs in its drives; waking it from a saved state needs the same. */
  readonly discs: readonly string[];
  /** What it was started from, when not from its disk; waking it needs the same. */
  readonly kernel: VmKernel | undefined;
  /** Where its memory is, when that is in a file. */
  readonly memory: VmMemory | undefined;
  /** Copies of it can be woken with identities of their own. */
  readonly freezable: boolean;
  readonly vm: RunningVm;
  readonly shell: GuestShell;
  /** Breaks when the machine, its network or its connection does. */
  readonly watch: Watch;
}

/**
 * Boots a machine and logs in.
 * @throws GoldsmithError `VmStartFailed`, `VmDied`, `GuestPanicked`, `GuestUnreachable` (with the last lines
 *   of the console) when `bootTimeoutMs` is over, `HostNotReady`, or the signal's reason.
 */
export async function openGuestSession(
  options: GuestSessionOptions,
  signal: AbortSignal,
): Promise<GuestSession> {
  const guest = await startGuest(options, signal);
  const hint = 'See what the machine printed in the console log of the run.';
  return openSession(guest, { timeoutMs: options.bootTimeoutMs, hint }, signal);
}

/**
 * Logs in to `guest` and takes it over: it goes with the session, or at once when nobody can log in.
 * @throws GoldsmithError as `StartedGuest.logIn` does.
 */
export async function openSession(
  guest: StartedGuest,
  login: LoginOptions,
  signal: AbortSignal,
): Promise<GuestSession> {
  await using owned = new AsyncDisposableStack();
  owned.use(guest);
  const shell = owned.use(await guest.logIn(login, signal));
  const { machine, location, key, discs, kernel, memory, vm, watch } = guest;
  void shell.closed.then(() =>
    watch.lose(new GoldsmithError('GuestUnreachable', 'The connection to the build VM was lost')),
  );
  const stack = owned.move();
  return {
    ...{ machine, location, key, discs, kernel, memory, vm, shell, watch, freezable: false },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}
