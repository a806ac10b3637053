/**
 * Names one process for good. A process number alone is reused; together with the start time and the boot it is
 * not. Identities are only comparable inside one PID namespace: one home folder belongs to one of them.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  startTicks: z.string(),
  bootId: z.string(),
});

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: field 22 of `/proc/<pid>/stat`, proc(5). */
  readonly startTicks: string;
  readonly bootId: string;
}

/** Every program that this product starts carries this environment variable, and so do their children. */
export const OWNER_VARIABLE = 'GOLDSMITH_OWNER';

/** The identity of `pid`, or undefined when no such process lives (a zombie does not live). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The program's name stands in brackets and may hold anything, so fields count from the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks, bootId: bootId() };
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const identity = identifyProcess(process.pid);
  if (identity === undefined) throw new Error('/proc is not readable');
  return identity;
}

/** True when exactly this process, not a later one with its number, is alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now?.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** The value of `GOLDSMITH_OWNER` in everything that the process `identity` started. */
export function ownerMark(identity: ProcessIdentity): string {
  return `${identity.pid}-${identity.startTicks}-${identity.bootId}`;
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

/** A file of /proc, or undefined when its process is gone or not ours to look at. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
