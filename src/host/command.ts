/**
 * The one way this product starts programs: argument arrays only (never a shell string), an abort path,
 * SIGTERM then SIGKILL, and a parent-death signal so that nothing outlives us even after `kill -9`.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { GoldsmithError } from '../model/errors.ts';
import { OWNER_VARIABLE, ownerMark, ownIdentity } from './journal/process-identity.ts';

export interface CommandOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** Replaces the inherited environment additions; merged over `process.env`. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The program asks the person something (sudo and its password). Others get a session of their own, so that a
   * Ctrl-C reaches this process alone, which then ends them in the right order.
   */
  readonly usesTerminal?: boolean;
  /** Written to the program's standard input. */
  readonly input?: string | Uint8Array;
  /** Hard limit; the program is killed and the call fails. */
  readonly timeoutMs?: number;
  /** Exit codes that count as success. Default: 0. */
  readonly okExitCodes?: readonly number[];
  /** Called with each chunk of output as it arrives. */
  readonly onOutput?: (stream: 'out' | 'err', chunk: Buffer) => void;
  /** Bytes of stdout/stderr kept in the result; the rest is dropped. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  /** Become descriptors 3, 4, … of the program: an open descriptor, or `pipe` for one end of a socket pair. */
  readonly extraFds?: readonly (number | 'pipe')[];
  /** Called once the program runs; the other ends of `pipe` descriptors are in `child.stdio`. */
  readonly onStarted?: (child: ChildProcess) => void;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER_MS = 3000;
/** Milliseconds that output may still arrive after a program has ended. */
const DRAIN_MS = 2000;

/**
 * Runs a program to its end.
 * @throws GoldsmithError `CommandFailed` (with the last lines of stderr) or `Cancelled` when `signal` fired.
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = startProcess(argv, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(options.extraFds ?? [])],
    usesTerminal: options.usesTerminal === true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const stdout = collect(child, 'out', options);
  const stderr = collect(child, 'err', options);
  options.onStarted?.(child);
  let timedOut = false;
  const stop = (): void => {
    void endProcess(child);
  };
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          stop();
        }, options.timeoutMs);
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  if (options.input !== undefined) {
    child.stdin?.on('error', () => undefined); // a program may close stdin early; its exit code tells the rest
    child.stdin?.end(options.input);
  }
  try {
    const exitCode = await exitOf(child, argv);
    if (options.signal?.aborted === true) {
      throw new GoldsmithError('Cancelled', `${argv[0]} was cancelled`, { cause: options.signal.reason });
    }
    if (timedOut) {
      throw new GoldsmithError('CommandFailed', `${argv[0]} did not finish within ${options.timeoutMs} ms`);
    }
    const result = { exitCode, stdout: stdout(), stderr: stderr() };
    if (!(options.okExitCodes ?? [0]).includes(exitCode)) {
      const tail = result.stderr.trim().split('\n').slice(-5).join('\n');
      throw new GoldsmithError('CommandFailed', `${argv[0]} failed with exit code ${exitCode}: ${tail}`, {
        internal: argv.join(' '),
      });
    }
    return result;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
  }
}

export interface StartOptions {
  readonly stdio: StdioOptions;
  /** See {@link CommandOptions.usesTerminal}. */
  readonly usesTerminal?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the program gets when this process dies. `TERM` only for programs that surely end on it. Default `KILL`. */
  readonly deathSignal?: 'KILL' | 'TERM';
}

/** Starts a long-lived program. The kernel ends it when this process dies (util-linux `setpriv --pdeathsig`). */
export function startProcess(argv: readonly string[], options: StartOptions): ChildProcess {
  const guarded = ['setpriv', '--pdeathsig', options.deathSignal ?? 'KILL', '--', ...argv];
  const [program = 'setpriv', ...args] = guarded;
  return spawn(program, args, {
    stdio: options.stdio,
    detached: options.usesTerminal !== true,
    env: {
      ...process.env,
      LC_ALL: 'C.UTF-8',
      [OWNER_VARIABLE]: ownerMark(ownIdentity()), // lets the reaper find what the death signal did not reach
      ...options.env,
    },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Ends a program: SIGTERM, then SIGKILL after a grace time; resolves when it is gone. */
export async function endProcess(child: ChildProcess, graceMs = KILL_AFTER_MS): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  try {
    await gone;
  } finally {
    clearTimeout(timer);
  }
}

export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function exitOf(child: ChildProcess, argv: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new GoldsmithError('CommandFailed', `${argv[0]} could not be started`, { cause })),
    );
    // A stray grandchild may hold the output open for ever; once the program is gone its last words are short.
    let timer: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
    });
    child.once('close', (code, signalName) => {
      clearTimeout(timer);
      resolve(code ?? 128 + (signalName === 'SIGKILL' ? 9 : 15));
    });
  });
}

function collect(child: ChildProcess, stream: 'out' | 'err', options: CommandOptions): () => string {
  const limit = options.maxOutputBytes ?? 16 * 1024 * 1024;
  const chunks: Buffer[] = [];
  let kept = 0;
  const source = stream === 'out' ? child.stdout : child.stderr;
  source?.on('data', (chunk: Buffer) => {
    options.onOutput?.(stream, chunk);
    if (kept < limit) {
      chunks.push(chunk);
      kept += chunk.length;
    }
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
