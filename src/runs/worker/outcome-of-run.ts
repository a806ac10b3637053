/** From what the engine and the delivery came to, to what clients read: run state, message, error of the operation. */
import { errorCatalogue, type ErrorCode, type ErrorDetail } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { OperationError } from '../../store/records.ts';
import type { RunEnd } from '../end-run.ts';
import { CANCELED_MESSAGE, canceledError } from '../end-run.ts';
import type { FailedTarget } from './deliver.ts';

export interface EndContext {
  /** Address of `customization.log`. */
  readonly logAddress: string;
  readonly operationId: string;
  /** How many targets the template has. */
  readonly targetCount: number;
}

/** The end of a run whose engine came to its end. */
export function endOfRecord(
  record: RunRecord,
  undelivered: readonly FailedTarget[],
  context: EndContext,
): RunEnd {
  const error = record.error;
  const change = { record, subState: record.subState };
  if (record.state === 'Canceled') {
    return { state: 'Canceled', message: CANCELED_MESSAGE, error: canceledError(), change };
  }
  if (undelivered.length === 0) {
    if (record.state === 'Succeeded') return { state: 'Succeeded', message: '', error: undefined, change };
    const failure = failureOf(error ?? { code: 'Internal', message: record.message, details: [] }, context);
    const state = record.state === 'PartiallySucceeded' ? 'PartiallySucceeded' : 'Failed';
    return { state, ...failure, change };
  }
  const details = [
    ...(error?.code === 'DistributeFailed' ? error.details : []),
    ...undelivered.map((target): ErrorDetail => ({
      code: target.error.code,
      target: target.runOutputName,
      message: target.error.message,
    })),
  ];
  const done = record.artifacts.filter(({ kind }) => kind !== 'Copy').length - undelivered.length;
  const failure = failureOf({ code: 'DistributeFailed', message: '', details }, context);
  return {
    state: done > 0 && record.state !== 'Failed' ? 'PartiallySucceeded' : 'Failed',
    ...failure,
    change,
  };
}

/** The end of a run that the engine did not bring to its end. */
export function endOfFailure(
  error: { readonly code: string; readonly message: string; readonly details: readonly ErrorDetail[] },
  context: EndContext,
): RunEnd {
  return { state: 'Failed', ...failureOf(error, context) };
}

/** Failures of the service and its host; everything else is a failure of the build (reference 2.11). */
const internalCodes: ReadonlySet<string> = new Set<ErrorCode>(['Internal', 'HostNotReady', 'BadUsage']);

function failureOf(
  error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly ErrorDetail[];
    readonly hint?: string;
  },
  context: EndContext,
): { readonly message: string; readonly error: OperationError } {
  const text = [sentenceOf(error, context.targetCount), error.hint].filter((part) => part !== undefined);
  const message = `${text.join(' ')} Image Build log location: ${context.logAddress}. OperationId: ${context.operationId}. Use this operationId to search packer logs.`;
  const details: readonly ErrorDetail[] =
    error.details.length > 0 ? error.details : [{ code: error.code, message: error.message }];
  return {
    message,
    error: {
      code: internalCodes.has(error.code) ? 'InternalOperationError' : 'PackerBuildFailed',
      message,
      details,
    },
  };
}

/** In Azure's words where the reference has them (2.11), so that what people search for is found. */
function sentenceOf(
  error: { readonly code: string; readonly message: string; readonly details: readonly ErrorDetail[] },
  targetCount: number,
): string {
  if (error.code === 'DistributeFailed' && error.details.length > 0) {
    const list = error.details.map(
      ({ message }, index) => `[Error ${index}] [Distribute ${index}] ${message}`,
    );
    return `Failed in distributing ${error.details.length} images out of total ${targetCount}: {${list.join('; ')}}.`;
  }
  const title = error.code in errorCatalogue ? `${titleOf(error.code)}: ` : '';
  if (error.code === 'BuildTimeout') {
    return `Failed while waiting for packerizer: Timeout waiting for microservice to complete: 'context deadline exceeded'. ${error.message}.`;
  }
  return `Failed while waiting for packerizer: Microservice has failed: ${title}${error.message.replace(/\.?$/, '.')}`;
}

function titleOf(code: string): string {
  return Object.entries(errorCatalogue).find(([name]) => name === code)?.[1].title ?? code;
}
