/**
 * The inside of a machine that is none. It knows the commands that the engine itself gives to a guest, and does
 * as if they had worked; of a customizer's script it does what `simulated-script.ts` says, and nothing else.
 */
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { GoldsmithError } from '../../model/errors.ts';
import type { FakeMachine } from '../../vm/fake/fake-machine.ts';
import { PROVEN_FACTS } from '../generalize/proof-script.ts';
import { UploadRefused, type ExecOptions, type ExecResult, type GuestShell } from '../guest-shell.ts';
import { readScript } from './simulated-script.ts';

/** How long simulated things take, milliseconds. */
export interface SimulationPace {
  /** A machine's boot. */
  readonly bootMs: number;
  /** A customizer or validator, and generalizing; on top of the `sleep`s of its script. */
  readonly stepMs: number;
  /** One second of a script's `sleep`. */
  readonly secondMs: number;
}

/** Time that scripts and files are read for, at most; more of them is not looked at. */
const SCRIPT_LIMIT_BYTES = 1024 * 1024;

/** The line that every simulated step shows. */
export const SIMULATED = 'SIMULATED: no machine runs here, scripts are read and not executed';

export function openSimulatedShell(machine: FakeMachine, userName: string, pace: SimulationPace): GuestShell {
  const closed = Promise.withResolvers<void>();
  const shell: GuestShell = {
    userName,
    closed: closed.promise,
    exec: async (command, options) => {
      options.signal.throwIfAborted();
      const [, folder] = /^if mkdir -m 700 (\/tmp\/goldsmith-[0-9a-f]+) /.exec(command) ?? [];
      if (folder !== undefined) return runScript(machine, pace, options);
      const [, tag] = / sh [a-z_][a-z0-9_-]* \S+ ([0-9a-f]{24})$/.exec(command) ?? [];
      if (tag !== undefined) return generalize(machine, pace, tag, options);
      if (command.includes('/var/lib/cloud/data/result.json')) await print(options, 'out', 'short');
      return { exitCode: 0 };
    },
    upload: async (source, { destination, sizeBytes, onProgress, signal }) => {
      let doneBytes = 0;
      for await (const chunk of source) {
        signal.throwIfAborted();
        doneBytes += Buffer.from(chunk).length;
        onProgress?.(doneBytes);
      }
      if (sizeBytes !== undefined && doneBytes !== sizeBytes) {
        throw new UploadRefused(`${destination} would have ${doneBytes} bytes instead of ${sizeBytes}`);
      }
      machine.note(`upload ${destination} ${doneBytes}`);
    },
    openTerminal: async () => {
      throw new GoldsmithError('BadUsage', 'A simulated machine has no terminal');
    },
    close: async () => closed.resolve(),
    [Symbol.asyncDispose]: async () => closed.resolve(),
  };
  return shell;
}

async function runScript(
  machine: FakeMachine,
  pace: SimulationPace,
  options: ExecOptions,
): Promise<ExecResult> {
  await print(options, 'out', SIMULATED);
  await pause(pace.stepMs, options.signal);
  for (const action of readScript(await textOf(options.stdin))) {
    machine.note(JSON.stringify(action));
    if (action.kind === 'exit') return { exitCode: action.code };
    if (action.kind === 'sleep') await pause(action.seconds * pace.secondMs, options.signal);
    else await print(options, action.stream, action.line);
  }
  return { exitCode: 0 };
}

/** Plays the guest's side of `generalizeLinux`: states every fact, waits for the word, switches off. */
async function generalize(
  machine: FakeMachine,
  pace: SimulationPace,
  tag: string,
  options: ExecOptions,
): Promise<ExecResult> {
  await print(options, 'out', SIMULATED);
  await pause(pace.stepMs, options.signal);
  const facts = PROVEN_FACTS.map((fact) => `fact ${fact} yes`);
  for (const report of ['first-boot absent', 'method builtin', ...facts, 'proved']) {
    await print(options, 'out', `@@${tag} ${report}`);
  }
  const word = await textOf(options.stdin);
  if (word.trim() !== 'off') return { exitCode: 0 };
  await print(options, 'out', `@@${tag} off`);
  await machine.powerOff();
  return { exitCode: 0 };
}

async function print(options: ExecOptions, stream: 'out' | 'err', line: string): Promise<void> {
  await options.onOutput?.(stream, Buffer.from(`${line}\n`));
}

async function textOf(stdin: Readable | string | undefined): Promise<string> {
  if (stdin === undefined || typeof stdin === 'string') return stdin ?? '';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    if (size < SCRIPT_LIMIT_BYTES) chunks.push(bytes);
    size += bytes.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(durationMs, undefined, { signal });
  } catch (cause) {
    throw new GoldsmithError('Cancelled', 'The command was cancelled', { cause });
  }
}
