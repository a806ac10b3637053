/** Scopes of role assignments and locks: `/`, a subscription, a resource group or a resource; case does not matter. */

/** `/` for the whole tenant; otherwise one slash in front, none at the end, in lower case. */
export function scopeKey(scope: string): string {
  return `/${scope.toLowerCase().replace(/^\/+|\/+$/g, '')}`;
}

/** Whether what holds at `outer` holds at `inner`: the same scope, or one above it. */
export function coversScope(outer: string, inner: string): boolean {
  const [above, below] = [scopeKey(outer), scopeKey(inner)];
  return above === '/' || below === above || below.startsWith(`${above}/`);
}
