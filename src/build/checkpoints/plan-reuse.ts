/** Which checkpoint a build starts from, and why not from a later one. */
import { formatDuration } from '../../model/sizes.ts';
import type { ReusePolicy } from '../build-options.ts';
import { readImage, readMachine } from './checkpoint-machine.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { CheckpointKey } from './keys.ts';
import type { CheckpointEntry } from './read-entries.ts';

/** The names of everything that a build could keep, known before it starts. */
export interface BuildKeys {
  readonly boot: CheckpointKey;
  /** One for each customizer. */
  readonly steps: readonly CheckpointKey[];
  readonly image: CheckpointKey;
}

export interface StartingPoint {
  readonly entry: CheckpointEntry;
  /** How many customizers have run in it. */
  readonly done: number;
}

/** One customizer: whether its result is used again, from when; or why it runs. */
export type StepReuse =
  | { readonly reused: true; readonly createdAtMs: number }
  | { readonly reused: false; readonly reason: string };

export interface ReusePlan {
  /** The finished image, when nothing at all has to run. */
  readonly image: CheckpointEntry | undefined;
  /** The best first. Without any the build starts from its source. */
  readonly starts: readonly StartingPoint[];
  /** What each customizer would do when the best starting point holds. */
  readonly steps: readonly StepReuse[];
}

export interface PlanInput {
  readonly store: CheckpointStore;
  readonly keys: BuildKeys;
  readonly policy: ReusePolicy;
  readonly templateName: string;
  readonly nowMs: number;
}

/** Reads the store; changes nothing. */
export async function planReuse(input: PlanInput): Promise<ReusePlan> {
  const { store, keys, policy } = input;
  const found = await Promise.all(keys.steps.map(async ({ key }) => store.find(key)));
  const refusals = found.map((entry, index) => refuse(entry, index, input));
  const usable = found.flatMap((entry, index) =>
    entry === undefined || refusals[index] !== undefined ? [] : [{ entry, done: index + 1 }],
  );
  const boot = policy.fresh ? undefined : await store.find(keys.boot.key);
  const image = await findImage(input);
  const starts = [...usable.toReversed(), ...(boot === undefined ? [] : [{ entry: boot, done: 0 }])];
  const best = image ?? starts[0]?.entry;
  const done = image === undefined ? (starts[0]?.done ?? 0) : keys.steps.length;
  const kept = await newestByPosition(input);
  return {
    image,
    starts,
    steps: keys.steps.map((key, index) =>
      index < done && best !== undefined
        ? { reused: true, createdAtMs: found[index]?.createdAtMs ?? best.createdAtMs }
        : { reused: false, reason: refusals[index] ?? explain(key, index, { kept, keys, done }) },
    ),
  };
}

async function findImage({ store, keys, policy, nowMs }: PlanInput): Promise<CheckpointEntry | undefined> {
  if (policy.fresh || (policy.rerunFrom ?? Infinity) < keys.steps.length) return undefined;
  const entry = await store.find(keys.image.key);
  const facts = entry === undefined ? undefined : readImage(entry);
  if (entry === undefined || facts === undefined) return undefined;
  const sinceMs = facts.stepsSinceMs ?? entry.createdAtMs;
  return tooOld(sinceMs, policy, nowMs) === undefined ? entry : undefined;
}

/** Why a result that is there is not used; undefined when it is, or when there is none. */
function refuse(
  entry: CheckpointEntry | undefined,
  index: number,
  { policy, nowMs }: PlanInput,
): string | undefined {
  if (policy.fresh) return 'a build from scratch was asked for';
  if (policy.rerunFrom !== undefined && index >= policy.rerunFrom) return 'it was asked to run again';
  if (policy.maxStepAgeMs <= 0 && policy.sinceMs === undefined) return 'every customizer was asked to run';
  if (entry === undefined) return undefined;
  const machine = readMachine(entry);
  if (machine === undefined) return 'its result was kept by another version of Goldsmith';
  return tooOld(machine.stepsSinceMs ?? entry.createdAtMs, policy, nowMs);
}

function tooOld(sinceMs: number, policy: ReusePolicy, nowMs: number): string | undefined {
  if (policy.sinceMs !== undefined && sinceMs >= policy.sinceMs) return undefined;
  const ageMs = nowMs - sinceMs;
  if (ageMs <= policy.maxStepAgeMs) return undefined;
  return `what is kept began ${formatDuration(ageMs)} ago, and ${formatDuration(policy.maxStepAgeMs)} is the limit`;
}

/** The newest kept result at each place of this template, whatever led to it. */
async function newestByPosition({
  store,
  templateName,
}: PlanInput): Promise<ReadonlyMap<number, CheckpointEntry>> {
  const mine = (await store.list()).filter(
    (entry) => entry.templateName === templateName && entry.kind !== 'image',
  );
  return new Map(mine.map((entry) => [entry.kind === 'boot' ? -1 : entry.position, entry]));
}

function explain(
  { inputs }: CheckpointKey,
  index: number,
  { kept, keys, done }: { kept: ReadonlyMap<number, CheckpointEntry>; keys: BuildKeys; done: number },
): string {
  if (index > done) return 'a customizer before it runs';
  const boot = kept.get(-1);
  const bootChanges = boot === undefined ? [] : changes(boot.inputs, keys.boot.inputs);
  if (bootChanges.length > 0) return `changed since it was kept: ${bootChanges.join(', ')}`;
  const last = kept.get(index);
  if (last === undefined) return 'no result of it is kept';
  const changed = changes(last.inputs, inputs);
  return changed.length > 0
    ? `changed since it was kept: ${changed.join(', ')}`
    : 'what is kept of it came after other customizers';
}

/** Names of what differs. */
function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => before[name] !== after[name],
  );
}
