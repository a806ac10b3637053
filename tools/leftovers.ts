/** Finds programs that tests started and did not end. */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isAlive, readProc } from '../src/host/journal/process-identity.ts';

/** Everything that the tests start inherits this variable. */
export const TEST_RUN_VARIABLE = 'GOLDSMITH_TEST_RUN';

/** A program that was told to end gets this long to do it. */
const GRACE_MS = 5000;

/**
 * Command lines of the processes that still carry `token` after a short grace, this one left out. They are
 * killed, so that one bad test does not spoil the next run.
 */
export async function endLeftovers(token: string): Promise<readonly string[]> {
  const deadline = Date.now() + GRACE_MS;
  // /proc has no events for processes that are not our children, hence the looks.
  while (carriers(token).length > 0 && Date.now() < deadline) await delay(200);
  return carriers(token).flatMap((pid) => {
    const identity = identifyProcess(pid);
    const commandLine = readProc(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
    if (identity === undefined || !isAlive(identity)) return [];
    process.kill(pid, 'SIGKILL');
    return [`${commandLine ?? 'unknown'} (process ${pid})`];
  });
}

function carriers(token: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) =>
      readProc(`/proc/${name}/environ`)?.split('\0').includes(`${TEST_RUN_VARIABLE}=${token}`),
    )
    .map(Number)
    .filter((pid) => identifyProcess(pid) !== undefined);
}
