/** The answer when a write reaches other resources on which its caller has no right (ARM `LinkedAuthorizationFailed`). */
import { ArmError } from '../../arm/arm-error.ts';
import type { ArmRequest } from '../resource-provider.ts';

/** 403: the caller may write `request.target`, but lacks `action` on `linkedScope`. */
export function linkedAuthorizationFailed(
  request: Pick<ArmRequest, 'principal' | 'target' | 'method'>,
  action: string,
  linkedScope: string,
): ArmError {
  const { principal, target } = request;
  const own = `${[target.namespace, ...target.types].join('/')}/${request.method === 'DELETE' ? 'delete' : 'write'}`;
  return new ArmError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${principal.name}' with object id '${principal.objectId}' has permission to perform action '${own}' on scope '${target.id}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${linkedScope}' (respectively) or the linked scope(s) are invalid.`,
  );
}
