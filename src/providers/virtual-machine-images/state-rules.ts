/** Which operation is allowed in which state of a template (reference 2.1), and the words of the refusal. */
import { ArmError } from '../../arm/arm-error.ts';
import type { RunState } from '../../model/run.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { provisioningStateOf, type ProvisioningState } from './template-record.ts';

export type TemplateOperation = 'run' | 'cancel' | 'delete' | 'update' | 'triggers/write';

/** What Azure calls the states when it refuses an operation. */
const stateWords: Readonly<Record<ProvisioningState, string>> = {
  Creating: 'creating',
  Updating: 'updating',
  Succeeded: 'provisioned',
  Failed: 'failed',
  Deleting: 'deleting',
};

const allowedStates: Readonly<Record<TemplateOperation, readonly ProvisioningState[]>> = {
  run: ['Succeeded'],
  cancel: ['Succeeded', 'Failed'],
  delete: ['Succeeded', 'Failed', 'Deleting'],
  update: ['Succeeded'],
  'triggers/write': ['Succeeded'],
};

/** @throws ArmError 409 `OperationNotAllowed` when the template's provisioning state forbids `operation`. */
export function requireState(record: ResourceRecord, operation: TemplateOperation): void {
  if (!allowedStates[operation].includes(provisioningStateOf(record))) {
    throw operationNotAllowed(record, operation, undefined);
  }
}

/** 409 for an operation that does not fit the state of the template or of its last run. */
export function operationNotAllowed(
  record: ResourceRecord,
  operation: TemplateOperation,
  runState: RunState | undefined,
): ArmError {
  const provisioning = stateWords[provisioningStateOf(record)];
  const run = runState?.toLowerCase() ?? 'none';
  return new ArmError(
    409,
    'OperationNotAllowed',
    `Operation Microsoft.VirtualMachineImages/imageTemplates/${operation} is not allowed in provisioning state: ${provisioning} or run state: ${run}.`,
  );
}

/** True while a run has not ended. */
export function isActive(runState: RunState | undefined): boolean {
  return runState === 'Running' || runState === 'Canceling';
}
