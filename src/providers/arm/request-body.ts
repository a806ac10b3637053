/** Reads the body of a request against a schema; every problem is told at once. */
import type { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { checkWire } from '../../arm/wire/check-wire.ts';
import type { FieldNames } from '../../arm/wire/align-fields.ts';
import { isJsonObject } from '../../model/json.ts';
import type { Issue } from '../../model/issue.ts';
import type { ArmRequest } from '../resource-provider.ts';

export interface BodyOptions {
  /** Default `lenient`: names match without regard to case, unknown ones are ignored. */
  readonly fieldNames?: FieldNames;
  /** Code of the error; default `InvalidRequestContent`. */
  readonly code?: string;
}

/**
 * The body in the schema's shape. Optional fields are declared with `optional` of arm/wire/scalars.ts; JSON null
 * counts as left out.
 * @throws ArmError 400 with one detail per problem.
 */
export function readBody<S extends z.ZodType>(
  request: Pick<ArmRequest, 'body'>,
  schema: S,
  options: BodyOptions = {},
): z.output<S> {
  if (!isJsonObject(request.body)) {
    throw new ArmError(
      400,
      'InvalidRequestContent',
      request.body === undefined
        ? 'The request content was empty; a JSON object was expected.'
        : 'The request content was invalid: a JSON object was expected.',
    );
  }
  const checked = checkWire(schema, request.body, options.fieldNames ?? 'lenient');
  if (checked.ok) return checked.value;
  throw invalidBody(checked.issues, options.code);
}

/** 400 for `issues`: the first in the message, all of them in `details`. */
export function invalidBody(issues: readonly Issue[], code = 'InvalidRequestContent'): ArmError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new ArmError(400, code, `The request content was invalid: ${first?.message ?? ''}${more}`, {
    ...(first === undefined ? {} : { target: first.path }),
    details: issues.map(({ code, message, path }) => ({ code, message, target: path })),
  });
}
