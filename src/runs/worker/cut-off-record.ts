/** The record of a run whose process died while it handed images to their targets. Pure. */
import type { RunRecord } from '../../model/run.ts';
import type { ServiceRun } from '../../store/records.ts';
import type { RunInput } from '../run-input.ts';
import { missingTargets } from './deliver.ts';
import type { EarlierAttempt } from './earlier-attempt.ts';

/** What a build that was cut off while it distributed came to: the targets that have their image, and no others. */
export function cutOffRecord(
  { record, published }: Extract<EarlierAttempt, { readonly kind: 'cut-off' }>,
  { template }: RunInput,
  run: ServiceRun,
): RunRecord {
  const names = new Set(published.map(({ runOutputName }) => runOutputName));
  const others = record?.artifacts.filter(({ runOutputName }) => !names.has(runOutputName)) ?? [];
  const artifacts = [...others, ...published];
  const missing = missingTargets(template.distribute, artifacts);
  const message = 'The process that executed the run died before it had distributed to this target';
  const { error: _cutOff, ...base } = record ?? run.record ?? blankRecord(template, run);
  return {
    ...base,
    state: missing.length === 0 ? 'Succeeded' : 'PartiallySucceeded',
    subState: 'Distributing',
    message: missing.length === 0 ? '' : message,
    ...(missing.length === 0
      ? {}
      : {
          error: {
            code: 'DistributeFailed',
            message,
            details: missing.map((target) => ({ code: 'DistributeFailed', target, message })),
          },
        }),
    artifacts,
  };
}

function blankRecord(template: RunInput['template'], run: ServiceRun): RunRecord {
  return {
    runId: run.id,
    templateName: template.name ?? run.id,
    startTime: run.startedAt ?? run.requestedAt,
    state: 'Running',
    subState: 'Distributing',
    message: '',
    steps: [],
    artifacts: [],
    logPath: '',
    warnings: [],
  };
}
