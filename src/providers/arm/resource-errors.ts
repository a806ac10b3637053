/** Answers that every resource type gives in the same words: those of Azure Resource Manager. */
import { ArmError } from '../../arm/arm-error.ts';
import type { ArmTarget } from '../resource-provider.ts';

/** 404 for a resource that is not there. */
export function resourceNotFound(target: ArmTarget): ArmError {
  const name = [target.namespace, ...target.types.flatMap((type, at) => [type, target.names[at] ?? ''])];
  const path = name.join('/').replace(/\/$/, '');
  const group = target.resourceGroup === undefined ? '' : ` under resource group '${target.resourceGroup}'`;
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${path}'${group} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** 404 for a child whose parent is not there. */
export function parentResourceNotFound(target: ArmTarget): ArmError {
  const parent = target.names.slice(0, target.types.length - 1).join('/');
  return new ArmError(
    404,
    'ParentResourceNotFound',
    `Failed to perform operation on nested resource. The parent resource '${target.namespace}/${target.types
      .slice(0, -1)
      .join('/')}/${parent}' was not found.`,
  );
}

/** 409 for a resource that is asked to be elsewhere than it is. */
export function locationCannotChange(target: ArmTarget, location: string, wanted: string): ArmError {
  return new ArmError(
    409,
    'InvalidResourceLocation',
    `The resource '${target.names.at(-1) ?? ''}' already exists in location '${location}' in resource group '${
      target.resourceGroup ?? ''
    }'. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
  );
}

/** 409 when another request changed the same resource in between; clients may try again. */
export function concurrentChange(target: ArmTarget): ArmError {
  return new ArmError(
    409,
    'Conflict',
    `The resource '${target.names.at(-1) ?? ''}' was changed by another request at the same time. Please try again.`,
  );
}
