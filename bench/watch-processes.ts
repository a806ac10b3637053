/** What a program and everything that it starts take while they run. Looking is cheap, or it would slow down what it measures. */
import { readdirSync, readFileSync } from 'node:fs';
import { writtenSoFar } from './io-account.ts';

export interface Usage {
  /** Most memory that all of them had resident at one moment; what two of them share counts twice. Bytes. */
  readonly peakMemoryBytes: number;
  /** What all of them together had the kernel write to disks, bytes; files that were deleted in time count too. */
  readonly writtenBytes: number;
}

/** A build that is over in a second must be seen too; one that goes on is looked at less often. */
const FIRST_PERIOD_MS = 100;
const PERIOD_MS = 1000;
const FIRST_LOOKS = 20;
/** Of x86-64, in which `statm` counts. */
const PAGE_BYTES = 4096;

export interface ProcessWatch {
  /** Ends the watch. Processes that still run are not in the bytes written. */
  stop(): Usage;
}

/** Watches the descendants of this process. Only one watch at a time makes sense. */
export function watchDescendants(): ProcessWatch {
  let peakMemoryBytes = 0;
  let looks = 0;
  let timer: NodeJS.Timeout;
  const before = writtenSoFar('write_bytes');
  const lookLater = (): void => {
    timer = setTimeout(look, looks < FIRST_LOOKS ? FIRST_PERIOD_MS : PERIOD_MS);
  };
  const look = (): void => {
    looks += 1;
    const memory = descendantsOf(process.pid).reduce((sum, pid) => sum + memoryOf(pid), 0);
    peakMemoryBytes = Math.max(peakMemoryBytes, memory);
    lookLater();
  };
  lookLater();
  return {
    stop: () => {
      clearTimeout(timer);
      return { peakMemoryBytes, writtenBytes: writtenSoFar('write_bytes') - before };
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

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
