/** How the fields of a PATCH and what a template says already become one. */
import type { JsonObject, JsonValue } from '../../../model/json.ts';
import { objectIn, objectsIn, textIn } from './edit.ts';

/**
 * The targets of `update`, each with the fields of the target of that name in `before` that the api-version of
 * the update has no words for: `known` is `before` as that version sees it.
 */
export function mergeTargets(
  before: JsonObject,
  known: JsonObject,
  update: JsonObject,
): readonly JsonValue[] {
  return objectsIn(update, 'distribute').map((target) => {
    const same = (candidate: JsonObject) =>
      candidate['type'] === target['type'] &&
      textIn(candidate, 'runOutputName')?.toLowerCase() === textIn(target, 'runOutputName')?.toLowerCase();
    const old = objectsIn(before, 'distribute').find(same) ?? {};
    const shown = objectsIn(known, 'distribute').find(same) ?? {};
    const unseen = Object.entries(old).filter(([name]) => !(name in shown));
    return { ...Object.fromEntries(unseen), ...target };
  });
}

/** The fields that are given replace the old ones, also inside `vnetConfig`. */
export function mergeVmProfile(before: JsonObject, update: JsonObject): JsonObject {
  const old = objectIn(before, 'vmProfile');
  const wanted = objectIn(update, 'vmProfile');
  if (!('vnetConfig' in wanted)) return { ...old, ...wanted };
  return {
    ...old,
    ...wanted,
    vnetConfig: { ...objectIn(old, 'vnetConfig'), ...objectIn(wanted, 'vnetConfig') },
  };
}
