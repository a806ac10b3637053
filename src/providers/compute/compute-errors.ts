/** What goes wrong with images, in the words of Azure Compute. */
import { ArmError } from '../../arm/arm-error.ts';
import { isGoldsmithError, type ErrorCode } from '../../model/errors.ts';
import type { OperationError } from '../../store/records.ts';

/** 400 `InvalidParameter` for one field of a request. */
export function invalidParameter(target: string, message: string): ArmError {
  return new ArmError(400, 'InvalidParameter', message, { target });
}

/** 409 `PropertyChangeNotAllowed`: what an image is cannot change. */
export function propertyChangeNotAllowed(target: string): ArmError {
  return new ArmError(409, 'PropertyChangeNotAllowed', `Changing property '${target}' is not allowed.`, {
    target,
  });
}

/** 409 `CannotDeleteResource` for what still has parts. */
export function hasNestedResources(): ArmError {
  return new ArmError(
    409,
    'CannotDeleteResource',
    'Can not delete resource before nested resources are deleted.',
  );
}

/** 404 for the source of an image. */
export function sourceNotFound(id: string): ArmError {
  return new ArmError(
    404,
    'NotFound',
    `The source '${id.slice(0, 500)}' of the image was not found. This service has no virtual machines, disks and snapshots to make images from; give the address of a VHD in one of its storage accounts.`,
  );
}

const codes: Partial<Record<ErrorCode, readonly [number, string]>> = {
  SourceNotFound: [404, 'NotFound'],
  SourceInvalid: [409, 'ResourceNotReady'],
  ImageRefused: [400, 'InvalidVhd'],
  DistributeFailed: [400, 'InvalidParameter'],
  DownloadFailed: [400, 'InvalidVhd'],
  Conflict: [409, 'Conflict'],
  InsufficientResources: [409, 'OperationNotAllowed'],
};

/** The engine's error as an answer; what has no place here is thrown on. */
export function asArmError(error: unknown): unknown {
  if (!isGoldsmithError(error)) return error;
  const found = codes[error.code];
  if (found === undefined) return error;
  const [status, code] = found;
  return new ArmError(status, code, error.message, { details: error.details });
}

/** The same as the end of an operation. */
export function asOperationError(error: unknown): OperationError {
  const known = asArmError(error);
  if (known instanceof ArmError) {
    const { code, message, target } = known.detail;
    return { code, message, ...(target === undefined ? {} : { target }) };
  }
  return { code: 'InternalOperationError', message: 'An internal error occurred while the image was made.' };
}
