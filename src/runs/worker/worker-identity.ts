/** Names the process that holds a run, so that its successor on the same machine knows at once that it is dead. */
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive, ownerMark, ownIdentity } from '../../host/journal/process-identity.ts';

/** Processes can be compared only inside one PID namespace. */
function place(): string {
  return `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`;
}

/** This process as a worker. */
export function ownWorkerName(): string {
  return `${place()}/${ownerMark(ownIdentity())}`;
}

/** True when `worker` was a process of this machine that is gone; false when it lives or nobody here can know. */
export function isDeadWorker(worker: string): boolean {
  const prefix = `${place()}/`;
  if (!worker.startsWith(prefix)) return false;
  const [, pid, startTicks, bootId] = /^(\d+)-(\d+)-(.+)$/.exec(worker.slice(prefix.length)) ?? [];
  if (startTicks === undefined || bootId === undefined) return false;
  return !isAlive({ pid: Number(pid), startTicks, bootId });
}
