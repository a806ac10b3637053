/**
 * The names of checkpoints: digests of everything that led to them. Two machines with one key are as good as the same
 * machine; whatever could make a difference is part of a key, and so is the key of the machine before.
 */
import { createHash } from 'node:crypto';
import type { Artifacts } from '../../guest/artifacts/fetch-artifacts.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Customizer, Validator } from '../../model/image-template.ts';

/** What a key is made of, in words for people: a name and its value, or the digest of one that is long. */
export type KeyInputs = Readonly<Record<string, string>>;

export interface CheckpointKey {
  readonly key: string;
  readonly inputs: KeyInputs;
}

/** The key of a machine that was booted from nothing but `inputs`. */
export function bootKey(inputs: KeyInputs): CheckpointKey {
  return { key: digestOf({ kind: 'boot', inputs }), inputs };
}

/** The key after `part` has run on the machine called `before`. A customizer's name is a label: it does not count. */
export function stepKey(before: string, part: Customizer | Validator, artifacts: Artifacts): CheckpointKey {
  const inputs = partInputs(part, artifacts);
  return { key: digestOf({ kind: 'step', before, inputs }), inputs };
}

/** The key of the image that the machine called `before` becomes. `recipe` is how it is generalized. */
export function imageKey(before: string, recipe: string): CheckpointKey {
  const inputs = { generalizing: shorten(recipe) };
  return { key: digestOf({ kind: 'image', before, inputs }), inputs };
}

/** The key of the verdict that all of `parts` pass on the image called `image`, on such a machine. */
export function verdictKey(
  image: string,
  parts: readonly Validator[],
  artifacts: Artifacts,
  machine: KeyInputs,
): CheckpointKey {
  const validators = parts.map((part) => partInputs(part, artifacts));
  const inputs = { ...machine, validators: digestOf(validators) };
  return { key: digestOf({ kind: 'verdict', image, inputs }), inputs };
}

/** What the effect of a customizer depends on: its own words and the content of each file that it names. */
function partInputs(part: Customizer | Validator, artifacts: Artifacts): KeyInputs {
  switch (part.type) {
    case 'Shell':
    case 'PowerShell': {
      const { name: _, type, script, ...others } = part;
      return {
        type,
        script: script.from === 'inline' ? digestOf(script.lines) : contentOf(script.uri, artifacts),
        ...(script.from === 'inline' ? {} : { runs: 'a file' }),
        ...optionsOf(others),
      };
    }
    case 'File':
      return {
        type: part.type,
        file: contentOf(part.sourceUri, artifacts),
        destination: part.destination,
      };
    default: {
      const { name: _, type, ...others } = part;
      return { type, ...optionsOf(others) };
    }
  }
}

function contentOf(uri: string, artifacts: Artifacts): string {
  const artifact = artifacts.get(uri);
  if (artifact === undefined) throw new GoldsmithError('Internal', 'A file of the template was not fetched');
  return artifact.sha256;
}

function optionsOf(options: Readonly<Record<string, unknown>>): KeyInputs {
  return Object.keys(options).length === 0 ? {} : { options: digestOf(options) };
}

/** Long texts are only compared: their digest will do. */
function shorten(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** SHA-256 in hex of the value's JSON with sorted names. */
function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
}
