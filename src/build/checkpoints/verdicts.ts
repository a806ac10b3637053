/** Whether an image is known to pass its validations: an entry without bytes that lies on the image's own. */
import type { Artifacts } from '../../guest/artifacts/fetch-artifacts.ts';
import type { Validator } from '../../model/image-template.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { verdictKey, type KeyInputs } from './keys.ts';
import type { CheckpointRef } from './manifest.ts';

export interface VerdictQuestion {
  readonly store: CheckpointStore;
  readonly image: CheckpointRef;
  readonly validators: readonly Validator[];
  readonly artifacts: Artifacts;
  /** The machine that validates. */
  readonly machine: KeyInputs;
}

/** When exactly this image passed exactly these validations; undefined when nobody knows. Milliseconds since the epoch. */
export async function passedAt(question: VerdictQuestion): Promise<number | undefined> {
  const entry = await question.store.find(keyOf(question).key);
  return entry?.parent?.id === question.image.id ? entry.createdAtMs : undefined;
}

/** Remembers that the image has passed. */
export async function keepVerdict(
  question: VerdictQuestion,
  facts: {
    readonly templateName: string;
    readonly base: string;
    readonly tookMs: number;
    readonly nowMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, image, validators } = question;
  const { templateName, base, tookMs, nowMs } = facts;
  await using staged = await store.stage({ signal });
  await store.publish(
    staged,
    {
      ...keyOf(question),
      ...{ kind: 'verdict', title: 'Validated', position: validators.length - 1, machine: {} },
      ...{ templateName, base, tookMs, createdAtMs: nowMs, parent: image },
    },
    { signal },
  );
}

function keyOf({ image, validators, artifacts, machine }: VerdictQuestion): {
  readonly key: string;
  readonly inputs: KeyInputs;
} {
  return verdictKey(image.key, validators, artifacts, machine);
}
