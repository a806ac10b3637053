/** How a run that reached its end turned out, from the results of its targets. */
import type { TargetResult } from '../distribute/distribute.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { RunState } from '../model/run.ts';

export interface Outcome {
  readonly state: Extract<RunState, 'Succeeded' | 'PartiallySucceeded' | 'Failed'>;
  readonly message: string;
  readonly error?: GoldsmithError;
}

/**
 * All targets done is success, some is partial success, none is failure. An image that did not pass its
 * validation failed even when it was distributed (reference: `continueDistributeOnFailure`).
 */
export function summarize(results: readonly TargetResult[], invalid: GoldsmithError | undefined): Outcome {
  const failed = results.filter((result) => result.state === 'failed');
  const done = results.length - failed.length;
  if (failed.length > 0) {
    const error = distributionError(failed, results.length);
    const state = done > 0 && invalid === undefined ? 'PartiallySucceeded' : 'Failed';
    return { state, message: error.message, error };
  }
  if (invalid !== undefined) {
    return {
      state: 'Failed',
      message: `${invalid.message} (distributed all the same, as the template asks)`,
      error: invalid,
    };
  }
  return { state: 'Succeeded', message: `${done} of ${results.length} distributed` };
}

function distributionError(
  failed: readonly Extract<TargetResult, { state: 'failed' }>[],
  total: number,
): GoldsmithError {
  const reasons = failed.map(({ runOutputName, error }) => `"${runOutputName}": ${error.message}`);
  const hint = failed.map(({ error }) => error.hint).find((text) => text !== undefined);
  return new GoldsmithError(
    'DistributeFailed',
    `Failed in distributing ${failed.length} of ${total}: ${reasons.join('; ')}`,
    {
      ...(hint === undefined ? {} : { hint }),
      details: failed.map(({ runOutputName, error }) => ({
        code: error.code,
        target: runOutputName,
        message: error.message,
      })),
    },
  );
}
