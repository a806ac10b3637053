/** The one way in which a run ends: its row, its operation and those that wait for its end, all or nothing. */
import type { RunState } from '../model/run.ts';
import type { OperationError, OperationRecord, ServiceRun } from '../store/records.ts';
import type { Repositories, RunChange, Store } from '../store/store.ts';

export const RUN_KIND = 'imageTemplates/run';
export const CANCEL_KIND = 'imageTemplates/cancel';

export interface RunEnd {
  readonly state: Exclude<RunState, 'Running' | 'Canceling'>;
  /** `lastRunStatus.message`. */
  readonly message: string;
  /** Of the run's operation; undefined for a success. */
  readonly error: OperationError | undefined;
  readonly change?: Pick<RunChange, 'record' | 'subState'>;
}

/**
 * Ends a run that `epoch` still holds. A run that was told to end ends as `Canceled`, whatever it had come to.
 * @returns false when somebody else holds it now, or it has ended already.
 */
export async function endRun(
  store: Pick<Store, 'transaction'>,
  held: Pick<ServiceRun, 'id' | 'epoch'>,
  end: RunEnd,
  now: Date,
): Promise<boolean> {
  return store.transaction(async (repositories) => {
    const run = await repositories.runs.get(held.id);
    if (run === undefined || run.epoch !== held.epoch) return false;
    const { state, message, error } =
      run.cancelRequested && end.state !== 'Canceled' ? canceledAfter(end) : end;
    const endedAt = now.toISOString();
    const written = await repositories.runs.update(run.id, run.epoch, {
      ...end.change,
      ...{ state, message, endedAt },
    });
    if (!written) return false;
    await repositories.operations.update(run.operationId, {
      status: state === 'Canceled' ? 'Canceled' : error === undefined ? 'Succeeded' : 'Failed',
      endTime: endedAt,
      ...(error === undefined ? {} : { error }),
    });
    await endCancellations(repositories, run, endedAt);
    await repositories.settings.remove(activeRunKey(run.templateId));
    return true;
  });
}

export const CANCELED_MESSAGE = 'The run was canceled';

/** The error of the operation of a run that was cancelled. */
export function canceledError(message = CANCELED_MESSAGE): OperationError {
  return { code: 'OperationCanceled', message };
}

/** Where the id of a template's unfinished run is kept: one row, so that two requests cannot both win. */
export function activeRunKey(templateId: string): string {
  return `active-run/${templateId.toLowerCase()}`;
}

function canceledAfter(end: RunEnd): Pick<RunEnd, 'state' | 'message' | 'error'> {
  const late = end.state === 'Succeeded' || end.state === 'PartiallySucceeded';
  const message = late
    ? `${CANCELED_MESSAGE} after its images had been distributed; they stay`
    : CANCELED_MESSAGE;
  return { state: 'Canceled', message, error: canceledError(message) };
}

async function endCancellations(repositories: Repositories, run: ServiceRun, endTime: string): Promise<void> {
  const pending = await repositories.operations.pendingOf(run.templateId);
  for (const operation of pending.filter(isCancellation)) {
    await repositories.operations.update(operation.id, { status: 'Succeeded', endTime });
  }
}

function isCancellation({ kind }: OperationRecord): boolean {
  return kind === CANCEL_KIND;
}
