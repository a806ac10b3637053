/** The hold on one run: renewed while it is needed, watched for a cancellation, and noticed when it is lost. */
import type { ServiceRun } from '../../store/records.ts';
import type { RunChange, Store } from '../../store/store.ts';

export interface HoldOptions {
  readonly store: Store;
  readonly run: ServiceRun;
  readonly now: () => number;
  /** A claim that is not renewed for so long is over, milliseconds. */
  readonly leaseMs: number;
  /** Told what went wrong with the store; it is tried again. */
  readonly onError: (error: unknown) => void;
}

/** How often a hold is renewed within its lease. */
const RENEWALS_PER_LEASE = 3;

export class Hold implements AsyncDisposable {
  readonly run: ServiceRun;
  readonly #options: HoldOptions;
  readonly #lost = new AbortController();
  readonly #cancelled = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #leaseUntil: number;
  #writes: Promise<void> = Promise.resolve();

  constructor(options: HoldOptions) {
    const { store, run, leaseMs } = options;
    this.run = run;
    this.#options = options;
    this.#leaseUntil = options.now() + leaseMs;
    if (run.cancelRequested) this.#cancelled.abort();
    this.#unsubscribe = store.subscribe('runs', (id) => {
      if (id === run.id) void this.#look();
    });
    this.#timer = setInterval(() => void this.#renew(), leaseMs / RENEWALS_PER_LEASE);
    void this.#look(); // it may have been cancelled just before anybody listened
  }

  /** Fires when somebody else may hold the run: nothing may be written or published any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Fires when the run is to end. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Writes in the order of calls, in the background; a write that does not count any more loses the hold. */
  write(change: RunChange): void {
    this.#writes = this.#writeAfter(this.#writes, change);
  }

  /** Resolves when everything before has been written. */
  async written(): Promise<void> {
    await this.#writes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe();
    await this.#writes;
  }

  async #writeAfter(before: Promise<void>, change: RunChange): Promise<void> {
    await before;
    if (this.#lost.signal.aborted) return;
    try {
      const { store, run } = this.#options;
      if (!(await store.runs.update(run.id, run.epoch, change))) this.#lose();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #renew(): Promise<void> {
    const { store, run, now, leaseMs, onError } = this.#options;
    const until = now() + leaseMs;
    try {
      if (await store.runs.renew(run.id, run.epoch, new Date(until).toISOString())) this.#leaseUntil = until;
      else this.#lose();
    } catch (error) {
      onError(error);
      if (now() >= this.#leaseUntil) this.#lose();
    }
    await this.#look();
  }

  async #look(): Promise<void> {
    try {
      const row = await this.#options.store.runs.get(this.run.id);
      if (row?.epoch !== this.run.epoch) this.#lose();
      else if (row.cancelRequested) this.#cancelled.abort();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #lose(): void {
    this.#lost.abort();
  }
}
