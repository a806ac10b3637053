/**
 * One process's stay in the store. The folder's name says who owns it, so making it and owning it are one
 * act. What lies in `held` is in use and never collected; `staging` is on the store's file system, for
 * renames. A session ends when it is disposed, or when its process is gone and somebody collects garbage.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Session implements Disposable {
  readonly #folder: string;
  #made = false;

  constructor(sessionsFolder: string) {
    this.#folder = join(sessionsFolder, `${ownProcess()}-${randomUUID()}`);
  }

  /** Protects a blob until the session ends. Hold first, then look whether it is there. */
  hold(hex: string): void {
    writeFileSync(join(this.#subfolder('held'), hex), '');
  }

  /** A fresh path for something that will be renamed into its place; gone with the session. */
  stagingPath(): string {
    return join(this.#subfolder('staging'), randomUUID());
  }

  /** Where a blob waits for its deletion; see {@link endDeadSessions}. */
  trashPath(hex: string): string {
    return join(this.#subfolder('trash'), hex);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
    this.#made = false;
  }

  #subfolder(name: 'held' | 'staging' | 'trash'): string {
    if (!this.#made) {
      for (const sub of ['held', 'staging', 'trash']) {
        mkdirSync(join(this.#folder, sub), { recursive: true });
      }
      this.#made = true;
    }
    return join(this.#folder, name);
  }
}

/** Digests (hex) that living sessions hold. */
export function heldDigests(sessionsFolder: string): Set<string> {
  return new Set(
    namesIn(sessionsFolder).flatMap((owner) =>
      isAlive(owner) ? namesIn(join(sessionsFolder, owner, 'held')) : [],
    ),
  );
}

/**
 * Removes what dead processes left. Blobs that one of them had put aside for deletion go back first
 * (`restore`): somebody may have begun to use them in between.
 * @returns the number of sessions ended.
 */
export function endDeadSessions(
  sessionsFolder: string,
  restore: (trashed: string, hex: string) => void,
): number {
  const dead = namesIn(sessionsFolder).filter((owner) => !isAlive(owner));
  for (const owner of dead) {
    const trash = join(sessionsFolder, owner, 'trash');
    for (const hex of namesIn(trash)) restore(join(trash, hex), hex);
    rmSync(join(sessionsFolder, owner), { recursive: true, force: true });
  }
  return dead.length;
}

/** Names in a folder; none when there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Boot, process id and start time: a number that comes back after a reboot or a wrap is another process. */
function ownProcess(): string {
  return `${bootId()}-${process.pid}-${startTicks(process.pid) ?? '0'}`;
}

function isAlive(owner: string): boolean {
  const [, boot, pid, ticks] = /^([0-9a-f]+)-(\d+)-(\d+)-/.exec(owner) ?? [];
  return boot === bootId() && ticks !== undefined && startTicks(Number(pid)) === ticks;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
}

/** Field 22 of proc(5) `stat`; the name before it may contain anything, so count from its last `)`. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined; // no such process
  }
}
