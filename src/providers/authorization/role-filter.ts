/** The OData filters that role clients send; there are few, and each has one spelling. */
import { ArmError } from '../../arm/arm-error.ts';

export interface RoleFilter {
  /** `atScope()`: nothing from below the scope. */
  readonly atScope: boolean;
  readonly principalId: string | undefined;
  readonly roleName: string | undefined;
  readonly roleType: string | undefined;
}

const forms = [
  ['atScope', /^atScope\(\)$/i],
  ['atScopeAndBelow', /^atScopeAndBelow\(\)$/i],
  ['assignedTo', /^assignedTo\('([^']*)'\)$/i],
  ['principalId', /^principalId\s+eq\s+'?([0-9a-f-]+)'?$/i],
  ['roleName', /^roleName\s+eq\s+'((?:[^']|'')*)'$/i],
  ['roleType', /^type\s+eq\s+'(\w+)'$/i],
] as const;

type Form = (typeof forms)[number][0];

/**
 * Reads `$filter`; parts are joined by `and`.
 * @throws ArmError 400 `UnsupportedQuery` for anything that would be ignored otherwise.
 */
export function readRoleFilter(filter: string | undefined): RoleFilter {
  const parts = filter === undefined || filter.trim() === '' ? [] : splitAnd(filter.trim());
  const captured = new Map<Form, string>();
  for (const part of parts) {
    const [name, match] = recognise(part);
    captured.set(name, (match[1] ?? '').replaceAll("''", "'"));
  }
  return {
    atScope: captured.has('atScope'),
    principalId: captured.get('principalId') ?? captured.get('assignedTo'),
    roleName: captured.get('roleName'),
    roleType: captured.get('roleType'),
  };
}

/** Splits at `and`, but not inside of quotes: a role may be called `Read and Write`. */
function splitAnd(filter: string): string[] {
  const pieces = filter.match(/'(?:[^']|'')*'|[^']+/g) ?? [];
  const marked = pieces.map((piece) =>
    piece.startsWith("'") ? piece : piece.replaceAll(/\s+and\s+/gi, '\u0000'),
  );
  return marked
    .join('')
    .split('\u0000')
    .map((part) => part.trim());
}

function recognise(part: string): readonly [Form, RegExpExecArray] {
  for (const [name, form] of forms) {
    const match = form.exec(part);
    if (match !== null) return [name, match];
  }
  throw new ArmError(400, 'UnsupportedQuery', `The filter '${part.slice(0, 200)}' is not supported.`);
}
