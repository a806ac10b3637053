/** The build VM of a run, as far as its resources in the staging group tell. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { runFolder } from '../build/run-folder.ts';
import type { Home } from '../host/home.ts';
import type { RunRecord } from '../model/run.ts';
import { GIB } from '../model/sizes.ts';
import type { ServiceRun } from '../store/records.ts';
import type { RunInput } from './run-input.ts';
import type { StagedMachine } from './run-ports.ts';

export function stagedMachine(
  run: Pick<ServiceRun, 'id' | 'templateId'>,
  { template, staging }: RunInput,
  record: RunRecord,
  osDiskSizeBytes: number,
): StagedMachine {
  return {
    runId: run.id,
    templateId: run.templateId,
    staging,
    location: template.location,
    vmSize: record.vm?.vmSize ?? template.vmProfile.vmSize ?? 'Standard_D2ds_v4',
    osType: record.source?.osType ?? 'Linux',
    generation: record.source?.generation ?? 'V2',
    osDiskSizeBytes,
    tags: template.managedResourceTags,
  };
}

/** Bytes of the OS disk of a run on this machine; a size of Azure's images when there is none (yet). */
export function osDiskEstimate(home: Home, runId: string): number {
  const path = join(runFolder(home, runId).work, 'os.raw');
  return statSync(path, { throwIfNoEntry: false })?.size ?? 30 * GIB;
}
