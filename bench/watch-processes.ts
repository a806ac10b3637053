/** What a program and everything that it starts take while they run: looked at ten times a second. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** Most memory that all of them had in use at one moment, shared parts counted once each, bytes. */
  readonly peakMemoryBytes: number;
  /** What all of them together had the kernel write to disks, bytes. */
  readonly writtenBytes: number;
}

const PERIOD_MS = 100;

export interface ProcessWatch {
  /** Ends the watch. */
  stop(): Usage;
}

/** Watches the descendants of this process. */
export function watchDescendants(): ProcessWatch {
  let peakMemoryBytes = 0;
  const written = new Map<number, number>();
  const look = (): void => {
    const pids = descendantsOf(process.pid);
    peakMemoryBytes = Math.max(
      peakMemoryBytes,
      pids.reduce((sum, pid) => sum + memoryOf(pid), 0),
    );
    for (const pid of pids) written.set(pid, Math.max(written.get(pid) ?? 0, writtenBy(pid)));
  };
  const timer = setInterval(look, PERIOD_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return { peakMemoryBytes, writtenBytes: [...written.values()].reduce((sum, bytes) => sum + bytes, 0) };
    },
  };
}

function descendantsOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all: number[] = [];
  const queue = [...(children.get(root) ?? [])];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    all.push(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return all;
}

/** Proportional set size: memory that several programs share is split between them. */
function memoryOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

function writtenBy(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(read(`/proc/${pid}/io`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
