/** What a program and everything that it starts take while they run. Looking is cheap, or it would slow down what it measures. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** Most memory that all of them had resident at one moment; what two of them share counts twice. Bytes. */
  readonly peakMemoryBytes: number;
  /** What all of them together had the kernel write to disks, bytes. */
  readonly writtenBytes: number;
}

const PERIOD_MS = 1000;
/** Of x86-64, in which `statm` counts. */
const PAGE_BYTES = 4096;

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

function memoryOf(pid: number): number {
  return Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES;
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
