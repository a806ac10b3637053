/** Fields that hold an ARM id: an issue names the right form and, where it can, the part that is wrong. */
import { parseResourceId } from '../../resource-id.ts';
import { textWith } from '../scalars.ts';

const maxIdLength = 2048;

export interface ResourceIdRule {
  /** What an issue says was expected, with the form. */
  readonly expected: string;
  readonly accepts: (value: string) => boolean;
}

/** An id that `rule` accepts. */
export function resourceIdText(rule: ResourceIdRule) {
  return textWith(maxIdLength, (value) => {
    if (rule.accepts(value)) return undefined;
    const parsed = parseResourceId(value);
    return { expected: parsed.ok ? rule.expected : `${rule.expected}; ${parsed.problem}` };
  });
}

/** Like `resourceIdText`, where an empty text means "not set". */
export function resourceIdTextOrEmpty(rule: ResourceIdRule) {
  return resourceIdText({ ...rule, accepts: (value) => value === '' || rule.accepts(value) });
}
