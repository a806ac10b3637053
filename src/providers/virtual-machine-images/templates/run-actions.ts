/** POST `run` and `cancel` of an image template (reference 1.3, 2.1). */
import { acceptedHeaders } from '../../arm/long-running.ts';
import { REUSE_HEADER } from '../../../runs/run-reuse.ts';
import type { ArmHandler } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { operationNotAllowed, requireState } from '../state-rules.ts';
import { provisioningStateOf } from '../template-record.ts';
import { findTemplate } from './read-template.ts';
import { requestRun } from './request-run.ts';

/** 202; the operation is in progress until the run has ended. One run of a template at a time. */
export function runTemplate(dependencies: ImageBuilderDependencies): ArmHandler {
  return async (request) => {
    const record = await findTemplate(dependencies, request);
    requireState(record, 'run');
    const answer = await requestRun(dependencies, record, request.headers.get(REUSE_HEADER) ?? undefined);
    if (answer.kind === 'refused') throw operationNotAllowed(record, 'run', answer.run?.state);
    const after = await findTemplate(dependencies, request);
    // Its deletion came in between and may not have seen the run.
    if (provisioningStateOf(after) === 'Deleting') await dependencies.runs.cancel(record.id);
    return { status: 202, headers: acceptedHeaders(request, answer.operation) };
  };
}

/** 202 at once; the operation is over when the run is. */
export function cancelTemplate(dependencies: ImageBuilderDependencies): ArmHandler {
  return async (request) => {
    const record = await findTemplate(dependencies, request);
    requireState(record, 'cancel');
    const answer = await dependencies.runs.cancel(record.id);
    if (answer.kind === 'refused') throw operationNotAllowed(record, 'cancel', answer.run?.state);
    return { status: 202, headers: acceptedHeaders(request, answer.operation, { retryAfterSeconds: 1 }) };
  };
}
