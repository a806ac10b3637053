/** A run that never happened, as events and as a record: what renderers are tested and looked at with. */
import type { Artifact, BuildEvent, RunRecord } from '../../model/run.ts';
import { GIB, MIB } from '../../model/sizes.ts';

export const START = Date.UTC(2026, 10, 21, 10, 0, 0);

const artifact: Artifact = {
  runOutputName: 'nginx',
  kind: 'VHD',
  path: '/out/nginx.vhd',
  format: 'vhd',
  virtualSizeBytes: 4 * GIB,
  allocatedSizeBytes: 612 * MIB,
  digest: 'gs1-sha256:0123abcd',
  tags: {},
};

/** A record that succeeded; `changes` replaces fields. */
export function scriptedRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId: '3f2a',
    templateName: 'nginx-vhd',
    state: 'Succeeded',
    subState: 'Distributing',
    startTime: new Date(START).toISOString(),
    endTime: new Date(START + 192_000).toISOString(),
    message: 'The run succeeded',
    steps: [],
    artifacts: [artifact],
    logPath: '/home/runs/3f2a/customization.log',
    warnings: [],
    ...changes,
  };
}

/** A record of a run that a customizer ended. */
export function failedRecord(): RunRecord {
  return scriptedRecord({
    state: 'Failed',
    subState: 'Customizing',
    artifacts: [],
    message: 'Customizer "install" failed with exit code 100',
    error: {
      code: 'CustomizerFailed',
      message: 'Customizer "install" failed with exit code 100',
      hint: 'Run it again with --keep-on-error, then `./goldsmith shell latest` gets into the build VM.',
      details: [{ code: 'CustomizerFailed', target: 'customize[0]', message: 'exit code 100' }],
    },
  });
}

/** Events of a whole run: a download, a boot, a chatty customizer, a skipped step, a warning. */
export function scriptedEvents(record: RunRecord = scriptedRecord()): readonly BuildEvent[] {
  const failed = record.state === 'Failed';
  const install = 'Customize 1/2: Shell "install"';
  return [
    { kind: 'run-started', at: START, runId: record.runId, templateName: record.templateName },
    { kind: 'sub-state', at: START, subState: 'Building' },
    ...download(START + 1_000),
    { kind: 'step-started', at: START + 9_000, id: 'boot', title: 'Boot the build VM' },
    {
      kind: 'step-output',
      at: START + 12_000,
      id: 'boot',
      stream: 'out',
      line: '[    0.000000] Linux version 6.1',
    },
    ended(START + 30_000, 'boot', 'Boot the build VM', 'succeeded', 21_000),
    { kind: 'sub-state', at: START + 30_000, subState: 'Customizing' },
    { kind: 'step-started', at: START + 30_000, id: 'customize[0]', title: install },
    ...Array.from({ length: 30 }, (_, index): BuildEvent => ({
      kind: 'step-output',
      at: START + 31_000 + index * 500,
      id: 'customize[0]',
      stream: index % 7 === 6 ? 'err' : 'out',
      line: `Get:${index + 1} \u001B[32mhttp://deb.example/debian\u001B[0m bookworm package-${index + 1} [${index * 13} kB]`,
    })),
    { kind: 'warning', at: START + 46_000, message: 'The template asks for 8 CPUs; this machine has 2' },
    ...(failed
      ? [ended(START + 47_000, 'customize[0]', install, 'failed', 17_000)]
      : [
          ended(START + 47_000, 'customize[0]', install, 'succeeded', 17_000),
          ended(START + 47_000, 'optimize', 'Optimize', 'skipped', 0, 'not asked for'),
        ]),
    { kind: 'run-ended', at: START + 192_000, record },
  ];
}

function* download(from: number): Generator<BuildEvent> {
  const id = 'source';
  const title = 'Resolve the source image';
  yield { kind: 'step-started', at: from, id, title };
  for (let part = 0; part <= 40; part += 1) {
    const doneBytes = part * 8 * MIB;
    const what = 'debian-12.qcow2';
    yield { kind: 'step-progress', at: from + part * 190, id, doneBytes, totalBytes: 320 * MIB, what };
  }
  yield ended(from + 8_000, id, title, 'succeeded', 8_000);
}

function ended(
  at: number,
  id: string,
  title: string,
  state: 'succeeded' | 'failed' | 'skipped',
  durationMs: number,
  message?: string,
): BuildEvent {
  return {
    kind: 'step-ended',
    at,
    id,
    title,
    state,
    durationMs,
    ...(message === undefined ? {} : { message }),
  };
}
