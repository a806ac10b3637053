/** Extra copies of a result in the formats that other tools want. */
import { join } from 'node:path';
import { allocatedSizeBytes } from '../disk/allocated-size.ts';
import { writeCopy } from '../disk/copy-formats.ts';
import type { ImageFacts } from '../model/image.ts';
import type { DiskFormat } from '../model/run.ts';
import type { DistributionContext, TargetOutput } from './target-context.ts';
import { fileNameFor } from './output-file.ts';
import { vhdIdOf } from './targets/vhd/vhd-id.ts';

export interface CopyInput extends DistributionContext {
  readonly disk: ImageFacts;
  readonly format: DiskFormat;
  readonly claimFile: (path: string) => void;
}

/**
 * Writes `<output>/<template name>.<format>`, whole, in place of an older one.
 * @throws GoldsmithError `Conflict` when a target of this run writes the same file, `CommandFailed`, `Cancelled`.
 */
export async function writeCopyTo(input: CopyInput): Promise<TargetOutput> {
  const { disk, format, signal, onProgress } = input;
  const runOutputName = `copy-${format}`;
  const path = join(input.outputFolder, `${fileNameFor(input.templateName)}.${format}`);
  input.claimFile(path);
  await writeCopy({
    rawPath: disk.path,
    sizeBytes: disk.virtualSizeBytes,
    format,
    dest: path,
    identity: { createdAtMs: input.createdAtMs, uniqueId: vhdIdOf(disk.digest) },
    signal,
    ...(onProgress === undefined
      ? {}
      : { onProgress: (done: number) => onProgress(runOutputName, done, disk.virtualSizeBytes) }),
  });
  return {
    artifact: {
      runOutputName,
      kind: 'Copy',
      path,
      format,
      virtualSizeBytes: disk.virtualSizeBytes,
      allocatedSizeBytes: await allocatedSizeBytes(path),
      digest: disk.digest,
      tags: {},
    },
    warnings: [],
  };
}
