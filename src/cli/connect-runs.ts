/** The `Runs` port on the run folders of this machine: `runs/<id>/run.json`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonIfExists } from '../host/atomic-file.ts';
import type { Home } from '../host/home.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { RunRecord } from '../model/run.ts';
import type { Runs } from './ports.ts';
import { parseRunRecord } from './run-record-schema.ts';

export function connectRuns(home: () => Home): Runs {
  return {
    list: async () => listRuns(home()),
    find: async (id) => findRun(listRuns(home()), id),
  };
}

function listRuns(home: Home): readonly RunRecord[] {
  return readdirSync(home.runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => readRun(join(home.runs, entry.name)) ?? [])
    .sort((a, b) => b.startTime.localeCompare(a.startTime));
}

function readRun(folder: string): RunRecord | undefined {
  try {
    return parseRunRecord(readJsonIfExists(join(folder, 'run.json')));
  } catch {
    return undefined; // a damaged record must not hide the others
  }
}

function findRun(records: readonly RunRecord[], id: string): RunRecord {
  const [newest] = records;
  if (id === 'latest' && newest !== undefined) return newest;
  const found = records.filter((record) => record.runId.startsWith(id));
  const exact = found.find((record) => record.runId === id) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) return exact;
  const many = found.length > 1;
  throw new GoldsmithError('BadUsage', many ? `Several runs begin with "${id}"` : `There is no run "${id}"`, {
    hint: many
      ? `They are: ${found.map((record) => record.runId).join(', ')}`
      : '`./goldsmith runs list` shows the runs of this machine.',
  });
}
