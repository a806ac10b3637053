/**
 * Named locks between processes. The kernel owns them: each is an flock(2) held by a small helper program whose
 * standard input ends with us, so a lock can never outlive its holder and nothing has to guess what is stale.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';
import { endProcess, startProcess } from '../command.ts';
import type { Home } from '../home.ts';

export interface Lock extends AsyncDisposable {
  readonly path: string;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  /** What the holder is doing, for people who wait: `preparing Debian 12`. */
  readonly purpose?: string;
  /** Called once when somebody else holds the lock; `holder` is their purpose and process, when known. */
  readonly onWait?: (holder: string) => void;
}

/** Path of the lock called `name` (any text). The file stays when the lock is free; never delete it. */
export function lockPath(home: Home, name: string): string {
  return join(home.root, 'locks', `${encodeURIComponent(name).replaceAll('.', '%2E')}.lock`);
}

/**
 * Takes the lock at `path`, waiting as long as it takes. Waiting costs nothing: the kernel wakes the helper.
 * @throws GoldsmithError `Cancelled` when `signal` fires first; `CommandFailed` when the file cannot be locked.
 */
export async function takeLock(path: string, options: LockOptions): Promise<Lock> {
  const lock = await tryLock(path, options);
  if (lock !== undefined) return lock;
  options.onWait?.(describeHolder(path));
  const waited = await hold(path, [], options);
  if (waited === undefined) throw new GoldsmithError('CommandFailed', `The lock ${path} could not be taken`);
  return waited;
}

/** Takes the lock at `path` if nobody has it; undefined otherwise. */
export async function tryLock(path: string, options: LockOptions): Promise<Lock | undefined> {
  mkdirSync(dirname(path), { recursive: true });
  return hold(path, ['--nonblock', '--conflict-exit-code', String(CONFLICT_EXIT)], options);
}

const CONFLICT_EXIT = 75;

async function hold(path: string, flags: readonly string[], options: LockOptions): Promise<Lock | undefined> {
  if (options.signal.aborted) throw cancelled(path, options.signal);
  // `cat` starts once flock has the lock; it answers our newline, which is how we know, and ends with our stdin.
  const helper = startProcess(['flock', '--exclusive', '--no-fork', ...flags, path, 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = helper;
  if (stdin === null || stdout === null) throw new Error('the lock helper has no pipes');
  stdin.on('error', () => undefined); // a helper that lost the race has closed it; its exit code tells
  stdin.write('\n');
  const stop = (): void => void endProcess(helper);
  options.signal.addEventListener('abort', stop, { once: true });
  const settled = new AbortController();
  try {
    const held = await Promise.race([
      once(stdout, 'data', { signal: settled.signal }).then(() => true),
      once(helper, 'exit', { signal: settled.signal }).then(() => false),
    ]);
    if (options.signal.aborted) {
      await endProcess(helper);
      throw cancelled(path, options.signal);
    }
    if (!held) {
      if (helper.exitCode === CONFLICT_EXIT) return undefined;
      throw new GoldsmithError(
        'CommandFailed',
        `The lock ${path} could not be taken (code ${helper.exitCode})`,
      );
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new GoldsmithError('HostNotReady', 'setpriv (util-linux) is not installed', { cause: error });
    }
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stop);
    settled.abort();
  }
  writeFileSync(path, JSON.stringify({ pid: process.pid, purpose: options.purpose ?? '' }));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await endProcess(helper);
    },
  };
}

function describeHolder(path: string): string {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof holder === 'object' && holder !== null && 'pid' in holder && 'purpose' in holder) {
      const purpose = String(holder.purpose);
      return purpose === '' ? `process ${String(holder.pid)}` : `${purpose} (process ${String(holder.pid)})`;
    }
  } catch {
    // the holder has not written its line yet
  }
  return 'another process';
}

function cancelled(path: string, signal: AbortSignal): GoldsmithError {
  return new GoldsmithError('Cancelled', `Waiting for the lock ${path} was cancelled`, {
    cause: signal.reason,
  });
}
