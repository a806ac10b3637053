/** `run.json` as it is read back: the file may be from another version, or damaged. */
import { z } from 'zod';
import type { RunRecord } from '../model/run.ts';

const detail = z.object({ code: z.string(), target: z.string().exactOptional(), message: z.string() });

const step = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['running', 'succeeded', 'failed', 'skipped', 'cancelled']),
  startedAt: z.string(),
  durationMs: z.number(),
  message: z.string().exactOptional(),
  reusedFrom: z.string().exactOptional(),
});

const artifact = z.object({
  runOutputName: z.string(),
  kind: z.enum(['ManagedImage', 'SharedImage', 'VHD', 'Copy']),
  artifactId: z.string().exactOptional(),
  path: z.string(),
  format: z.enum(['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk']),
  virtualSizeBytes: z.number(),
  allocatedSizeBytes: z.number(),
  digest: z.string(),
  tags: z.record(z.string(), z.string()),
});

const runRecordSchema = z.object({
  runId: z.string(),
  templateName: z.string(),
  state: z.enum(['Running', 'Canceling', 'Succeeded', 'PartiallySucceeded', 'Failed', 'Canceled']),
  subState: z.enum(['Queued', 'Building', 'Customizing', 'Optimizing', 'Validating', 'Distributing']),
  startTime: z.string(),
  endTime: z.string().exactOptional(),
  message: z.string(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      hint: z.string().exactOptional(),
      details: z.array(detail),
    })
    .exactOptional(),
  source: z
    .object({
      requested: z.string(),
      exactVersion: z.string().exactOptional(),
      digest: z.string(),
      generation: z.enum(['V1', 'V2']),
      osType: z.enum(['Linux', 'Windows']),
    })
    .exactOptional(),
  vm: z
    .object({ vmSize: z.string(), cpus: z.number(), memoryBytes: z.number(), accelerator: z.string() })
    .exactOptional(),
  steps: z.array(step),
  ran: z.record(z.string(), z.string()).exactOptional(),
  artifacts: z.array(artifact),
  logPath: z.string(),
  warnings: z.array(z.string()),
});

/** The record in a parsed `run.json`; undefined when it is not one. */
export function parseRunRecord(value: unknown): RunRecord | undefined {
  return runRecordSchema.safeParse(value).data;
}
