/**
 * Writes the activity log behind the answers: entries are collected for a moment and stored together, so that a request
 * waits for no second write. What a crash loses is a moment of the log, never the write it tells of.
 */
import type { ActivityEntry } from '../../store/activity/activity.ts';
import type { Store } from '../../store/store.ts';

export interface ActivityRecorderDeps {
  readonly store: Pick<Store, 'activity'>;
  readonly now: () => Date;
  /** A new GUID. */
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
  /** How long entries are collected; default 200. */
  readonly collectMs?: number;
}

/** A write as the server tells it. */
export type AnsweredWrite = Omit<ActivityEntry, 'id' | 'time' | 'startedAt' | 'caller'> & {
  readonly principal: ActivityEntry['caller'];
  readonly startedAt: Date;
  readonly endedAt: Date;
};

export interface ActivityRecorder extends AsyncDisposable {
  /** Never throws and waits for nothing. */
  readonly record: (write: AnsweredWrite) => void;
  /** Stores what was collected. */
  readonly flush: () => Promise<void>;
}

/** Azure keeps its activity log for 90 days; ours has an end in size, too. */
const keptMs = 90 * 24 * 60 * 60 * 1000;
const mostEntries = 100_000;
const pruneEvery = 1_000;
const mostTogether = 500;
const mostWaiting = 20_000;
const maxMessage = 4_096;

export function createActivityRecorder(deps: ActivityRecorderDeps): ActivityRecorder {
  const { store, now, newId, onError, collectMs = 200 } = deps;
  let waiting: ActivityEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let sincePrune = pruneEvery;

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const some = waiting.slice(0, mostTogether);
      waiting = waiting.slice(mostTogether);
      try {
        // One batch after the other keeps the order of the log.
        await store.activity.insert(some);
        sincePrune += some.length;
        if (sincePrune < pruneEvery) continue;
        sincePrune = 0;
        await store.activity.prune(new Date(now().getTime() - keptMs).toISOString(), mostEntries);
      } catch (error) {
        onError(error);
      }
    }
  };
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  };

  return {
    record: (answered) => {
      if (waiting.length >= mostWaiting) return;
      waiting.push(entryOf(answered, newId()));
      timer ??= setTimeout(() => void flush(), collectMs);
    },
    flush,
    [Symbol.asyncDispose]: flush,
  };
}

function entryOf(answered: AnsweredWrite, id: string): ActivityEntry {
  const { principal, startedAt, endedAt, errorMessage, ...rest } = answered;
  const { objectId, tenantId, name, type } = principal;
  return {
    ...rest,
    id,
    errorMessage: errorMessage?.slice(0, maxMessage),
    caller: { objectId, tenantId, name, type },
    startedAt: startedAt.toISOString(),
    time: endedAt.toISOString(),
  };
}
