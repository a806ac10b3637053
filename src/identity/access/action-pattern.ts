/**
 * The wildcards of role definitions: `*` stands for any run of characters, `/` included. A `*` between two
 * slashes may also stand for nothing: the middle star of Managed Identity Operator
 * grants `userAssignedIdentities/assign/action` too. Case does not matter.
 */
export type ActionMatcher = (action: string) => boolean;

const compiled = new Map<string, ActionMatcher>();
/** Role definitions come from clients: what they make us remember is bounded. */
const mostRemembered = 4096;

/** Whether the pattern of a role definition covers `action`, for example a star followed by `/read`. */
export function matchesAction(pattern: string, action: string): boolean {
  return matcherOf(pattern)(action);
}

/** Whether any of `patterns` covers `action`. */
export function matchesAnyAction(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matchesAction(pattern, action));
}

function matcherOf(pattern: string): ActionMatcher {
  const key = pattern.toLowerCase();
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const matcher = compile(key);
  if (compiled.size >= mostRemembered) compiled.clear();
  compiled.set(key, matcher);
  return matcher;
}

function compile(pattern: string): ActionMatcher {
  if (!pattern.includes('*')) return (action) => action.toLowerCase() === pattern;
  const variants = pattern.includes('/*/') ? [pattern, pattern.replaceAll('/*/', '/')] : [pattern];
  const pieces = variants.map((variant) => variant.split('*'));
  return (action) => pieces.some((parts) => fits(parts, action.toLowerCase()));
}

/** Walks the fixed parts from left to right, so that no pattern costs more than the length of the action. */
function fits(parts: readonly string[], action: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return action === first;
  if (action.length < first.length + last.length) return false;
  if (!action.startsWith(first) || !action.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = action.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= action.length - last.length;
}
