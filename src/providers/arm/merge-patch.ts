/** JSON merge patch (RFC 7396) as ARM applies it to a resource. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';

/**
 * `base` with the fields of `patch`: null takes a field away, objects merge, everything else replaces. Field names
 * match without regard to case and keep the case of `base`. The depth is that of the patch.
 */
export function mergePatch(base: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map<string, JsonValue | undefined>(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    const name = Object.keys(base).find((known) => known.toLowerCase() === key.toLowerCase()) ?? key;
    const old = base[name];
    if (value === null) result.delete(name);
    else if (isJsonObject(value)) result.set(name, mergePatch(isJsonObject(old) ? old : {}, value));
    else result.set(name, value);
  }
  return Object.fromEntries(result);
}
