/** How often the process that executed a run died, on whatever machine; a run that kills its processes must end. */
import type { SettingsRepository } from '../../store/store.ts';

/** How often a run is begun again after the sudden death of the process that executed it. */
export const MAX_DEATHS = 3;

/** Counts one more. Whoever calls this holds the run. @returns how many there are now. */
export async function countDeath(settings: SettingsRepository, runId: string): Promise<number> {
  const before = (await settings.get(keyOf(runId)))?.['count'];
  const count = (typeof before === 'number' ? before : 0) + 1;
  await settings.put(keyOf(runId), { count });
  return count;
}

/** For a run that has ended. */
export async function forgetDeaths(settings: SettingsRepository, runId: string): Promise<void> {
  await settings.remove(keyOf(runId));
}

function keyOf(runId: string): string {
  return `run-deaths/${runId}`;
}
