/**
 * A worker: takes runs out of the store in the order in which they were asked for, as long as this host has room, and
 * sees each through. The store's rows say what is to be done; jobs, notifications and timers only say when to look.
 */
import { existsSync } from 'node:fs';
import { markSimulatedHome } from '../../build/simulated-host.ts';
import { reapAbandoned } from '../../host/journal/reaper.ts';
import { removeTree } from '../../host/journal/remove-tree.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { ServiceRun } from '../../store/records.ts';
import { isUnfinished, RUN_QUEUE } from '../create-run-service.ts';
import { Admission } from './admission.ts';
import { runsWithServiceFolder, serviceFolder } from './service-folder.ts';
import { supervise } from './supervise.ts';
import { isDeadWorker, ownWorkerName } from './worker-identity.ts';
import { DEFAULT_TIMES, type RunWorkerOptions } from './worker-options.ts';

/** Disposing gives every run back, to be begun anew, and waits until nothing of them runs here. */
export interface RunWorker extends AsyncDisposable {
  /** Runs that this worker has in its hands. */
  readonly running: number;
}

/** Most unfinished runs that are looked at at once. */
const LOOK_AT = 500;
/** A run that could not be begun here is offered to all workers again after this, seconds. */
const OFFER_AGAIN_SECONDS = 5;
/** A run whose lease is over is looked at that much later, milliseconds. */
const AFTER_LEASE_MS = 100;

/**
 * Clears away what died here, then works until it is disposed.
 * @throws GoldsmithError when the store cannot be used; `BadUsage` to simulate in a home of real images.
 */
export async function startRunWorker(options: RunWorkerOptions): Promise<RunWorker> {
  const { home, onLine, simulate } = options;
  if (simulate !== undefined) markSimulatedHome(home);
  await reapAbandoned(home, { signal: new AbortController().signal, onLine });
  const worker = new Worker(options);
  await worker.start();
  return worker;
}

class Worker implements RunWorker {
  readonly #options: RunWorkerOptions;
  readonly #name = ownWorkerName();
  readonly #admission: Admission;
  readonly #tasks = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #owned = new AsyncDisposableStack();
  #looking: Promise<void> = Promise.resolve();
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: RunWorkerOptions) {
    this.#options = options;
    this.#admission = new Admission(options.capacity);
  }

  get running(): number {
    return this.#tasks.size;
  }

  async start(): Promise<void> {
    const { store } = this.#options;
    await this.#sweepFolders();
    this.#owned.defer(
      store.subscribe('runs', (runId) => {
        if (!this.#tasks.has(runId)) void this.#look();
      }),
    );
    const jobs = await store.work(
      RUN_QUEUE,
      { concurrency: 1, heartbeatSeconds: 30, retries: 5 },
      async ({ data }) => {
        const runId = data['runId'];
        if (typeof runId === 'string') await this.#offered(runId);
      },
    );
    this.#owned.defer(async () => jobs.stop(1_000));
    void this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new GoldsmithError('Cancelled', 'The worker is closing'));
    clearTimeout(this.#timer);
    await this.#owned.disposeAsync();
    await this.#looking;
    await Promise.all(this.#tasks.values());
  }

  /** A job says that there is a run. While it waits for room, another worker may have some. */
  async #offered(runId: string): Promise<void> {
    await this.#look();
    const { store, now } = this.#options;
    const run = await store.runs.get(runId);
    if (this.#stop.signal.aborted || !isUnfinished(run) || isHeld(run, now())) return;
    await store.jobs.send(
      RUN_QUEUE,
      { runId },
      { singletonKey: `again/${runId}`, startAfterSeconds: OFFER_AGAIN_SECONDS },
    );
  }

  /** Looks once, or once more when somebody is looking already. */
  async #look(): Promise<void> {
    if (this.#lookAgain) return this.#looking;
    this.#lookAgain = true;
    this.#looking = this.#lookAfter(this.#looking);
    return this.#looking;
  }

  async #lookAfter(before: Promise<void>): Promise<void> {
    await before;
    this.#lookAgain = false;
    if (this.#stop.signal.aborted) return;
    try {
      await this.#takeRuns();
    } catch (error) {
      this.#options.onError(error);
      this.#lookIn(1_000);
    }
  }

  /** In strict order: a run that does not fit yet is not overtaken, or a large one would wait for ever. */
  async #takeRuns(): Promise<void> {
    const { store, now } = this.#options;
    const unfinished = await store.runs.list({ states: ['Running', 'Canceling'] }, LOOK_AT);
    for (const run of unfinished.toReversed()) {
      if (this.#tasks.has(run.id)) continue;
      await this.#releaseIfDead(run);
      if (isHeld(run, now()) && !isDeadWorker(run.worker ?? '')) {
        this.#lookIn(Date.parse(run.leaseUntil ?? '') - now() + AFTER_LEASE_MS);
        continue;
      }
      if (this.#stop.signal.aborted || !this.#admission.admit(run.id, run.needs)) return;
      await this.#take(run);
    }
  }

  async #take({ id }: ServiceRun): Promise<void> {
    const { store, now, times } = this.#options;
    const at = now();
    const leaseUntil = new Date(at + (times?.leaseMs ?? DEFAULT_TIMES.leaseMs)).toISOString();
    let claimed: ServiceRun | undefined;
    try {
      claimed = await store.runs.claim(id, this.#name, new Date(at).toISOString(), leaseUntil);
    } finally {
      if (claimed === undefined) this.#admission.release(id);
    }
    if (claimed !== undefined) this.#tasks.set(id, this.#superviseUntilDone(claimed));
  }

  async #superviseUntilDone(run: ServiceRun): Promise<void> {
    await supervise(this.#options, run, this.#stop.signal);
    this.#admission.release(run.id);
    this.#tasks.delete(run.id);
    void this.#look();
  }

  /** The successor of a worker that died on this machine need not wait for the end of its leases. */
  async #releaseIfDead(run: ServiceRun): Promise<void> {
    if (run.worker === undefined || !isDeadWorker(run.worker)) return;
    if (await this.#options.store.runs.release(run.id, run.epoch)) {
      this.#options.onLine(`Run ${run.id} is taken over from a worker that died`);
    }
  }

  #lookIn(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    const wanted = Math.max(AFTER_LEASE_MS, delayMs);
    const at = Date.now() + wanted;
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      void this.#look();
    }, wanted);
  }

  /** Files of runs that ended, or went on, elsewhere. */
  async #sweepFolders(): Promise<void> {
    const { store, home, onError } = this.#options;
    for (const runId of runsWithServiceFolder(home)) {
      const run = await store.runs.get(runId);
      const { root } = serviceFolder(home, runId);
      if (isUnfinished(run) || !existsSync(root)) continue;
      await removeTree(root, this.#stop.signal).catch(onError);
    }
  }
}

function isHeld(run: ServiceRun, now: number): boolean {
  return run.leaseUntil !== undefined && Date.parse(run.leaseUntil) > now;
}
