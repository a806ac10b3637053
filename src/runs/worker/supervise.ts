/** One run in the hands of this worker: from the claim to its end, or to the moment when it is given back. */
import { mkdirSync } from 'node:fs';
import { runFolder } from '../../build/run-folder.ts';
import { removeTree } from '../../host/journal/remove-tree.ts';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { ServiceRun } from '../../store/records.ts';
import { CANCELED_MESSAGE, canceledError, endRun, type RunEnd } from '../end-run.ts';
import { runInputOf, type RunInput } from '../run-input.ts';
import { attempt, type AttemptEnd } from './attempt.ts';
import { countDeath, forgetDeaths, MAX_DEATHS } from './count-deaths.ts';
import { cutOffRecord } from './cut-off-record.ts';
import { deliver, type FailedTarget } from './deliver.ts';
import { clearEarlierAttempt, type EarlierAttempt } from './earlier-attempt.ts';
import { Hold } from './hold.ts';
import { inOrder } from './in-order.ts';
import { logBlob, LogFollower, noteInLog } from './log-follower.ts';
import { endOfFailure, endOfRecord, type EndContext } from './outcome-of-run.ts';
import { serviceFolder } from './service-folder.ts';
import { DEFAULT_TIMES, type RunWorkerOptions } from './worker-options.ts';

/** The last part of a log gets this long to reach the staging account, milliseconds. */
const LOG_FINISH_MS = 5_000;
/** Clearing away after a cancellation must not take longer, milliseconds. */
const CLEANING_MS = 8_000;

/** Works at `run`, which was just claimed, until it has ended or is given back. Never throws. */
export async function supervise(
  options: RunWorkerOptions,
  run: ServiceRun,
  stop: AbortSignal,
): Promise<void> {
  const { store, now, onError, onEvent, times } = options;
  const hold = new Hold({
    ...{ store, run, now, onError },
    leaseMs: times?.leaseMs ?? DEFAULT_TIMES.leaseMs,
  });
  onEvent?.(run.id, { kind: 'claimed', epoch: run.epoch });
  try {
    await new Supervision(options, hold, stop).work();
  } catch (error) {
    onError(error); // the hold runs out, and the run is taken up again
  } finally {
    await hold[Symbol.asyncDispose]();
    onEvent?.(run.id, { kind: 'closed' });
  }
}

class Supervision {
  readonly #options: RunWorkerOptions;
  readonly #hold: Hold;
  readonly #stop: AbortSignal;
  readonly #run: ServiceRun;
  readonly #input: RunInput;
  readonly #log: LogFollower;

  constructor(options: RunWorkerOptions, hold: Hold, stop: AbortSignal) {
    const { files, home, onError } = options;
    this.#options = { ...options, staging: inOrder(options.staging) };
    this.#hold = hold;
    this.#stop = stop;
    this.#run = hold.run;
    this.#input = runInputOf(hold.run);
    this.#log = new LogFollower({
      ...{ files, onError },
      account: this.#input.staging.storageAccount,
      runId: hold.run.id,
      folder: runFolder(home, hold.run.id),
    });
  }

  async work(): Promise<void> {
    const { subState } = this.#run;
    const begun = subState !== 'Queued';
    let earlier: EarlierAttempt;
    try {
      earlier = await this.#clear();
    } catch (error) {
      this.#options.onError(error);
      if (this.#hold.cancelled.aborted) return this.#endCancelled();
      return this.#fail('What an earlier attempt at the run left could not be cleared away');
    }
    if (begun) await this.#hide();
    if (earlier.kind === 'finished') return this.#handOn(earlier.record);
    if (this.#hold.cancelled.aborted) return this.#endCancelled();
    if (earlier.kind === 'cut-off' && earlier.published.length > 0) {
      return this.#handOn(cutOffRecord(earlier, this.#input, this.#run));
    }
    if (earlier.kind === 'none' && subState === 'Distributing') {
      // its images, if any, are where this worker cannot see them: a second build might publish them twice
      return this.#fail('The build host that ran it was lost while it distributed the images');
    }
    if (begun) {
      const deaths = await countDeath(this.#options.store.settings, this.#run.id);
      if (deaths > MAX_DEATHS) {
        return this.#fail(`The process that executed the run died ${deaths} times; it is not started again`);
      }
      await this.#continueLog(earlier).catch(this.#options.onError);
    }
    const startedAt = this.#run.startedAt ?? new Date(this.#options.now()).toISOString();
    this.#hold.write({ subState: 'Building', startedAt });
    await this.#hold.written();
    await this.#finish(await attempt(this.#options, this.#hold, this.#input, this.#log, this.#stop));
  }

  async #finish(end: AttemptEnd): Promise<void> {
    switch (end.kind) {
      case 'ended':
        await this.#hide();
        if (end.record.state === 'Canceled') await this.#endCancelled();
        else await this.#handOn(end.record);
        break;
      case 'refused':
      case 'failed':
        await this.#hide();
        await this.#end(endOfFailure(end.error, this.#endContext()));
        break;
      case 'cancelled':
        await this.#clear().catch(this.#options.onError); // the reaper tries again; the run ends all the same
        await this.#endCancelled();
        break;
      case 'died':
        this.#options.onLine(`Run ${this.#run.id}: the process ${end.how}. ${end.lastWords}`.trim());
        await this.#giveBack('begun');
        break;
      case 'stopped':
        await this.#giveBack('queued');
        break;
      case 'lost':
        await this.#clear();
        break;
      default:
        end satisfies never;
    }
  }

  /** Hands the results of a finished build on, and ends the run. */
  async #handOn(record: RunRecord): Promise<void> {
    const { store, files, images, now, onEvent, onError } = this.#options;
    this.#hold.write({ record, subState: record.subState });
    await this.#hold.written();
    onEvent?.(this.#run.id, { kind: 'delivering' });
    const signal = AbortSignal.any([this.#hold.lost, this.#hold.cancelled, this.#stop]);
    let failed: readonly FailedTarget[];
    try {
      failed = await deliver(record, {
        ...{ store, files, images, now, signal, onError },
        runId: this.#run.id,
        templateId: this.#run.templateId,
        input: this.#input,
      });
    } catch (error) {
      if (this.#hold.lost.aborted) return;
      if (this.#hold.cancelled.aborted) return this.#endCancelled();
      if (isGoldsmithError(error, 'Cancelled')) return this.#giveBack('finished');
      throw error;
    }
    onEvent?.(this.#run.id, { kind: 'delivered' });
    await this.#end(endOfRecord(record, failed, this.#endContext()));
  }

  async #fail(message: string): Promise<void> {
    const error = new GoldsmithError('Internal', message, { hint: 'Run the template again.' });
    await this.#end(endOfFailure(error, this.#endContext()));
  }

  async #endCancelled(): Promise<void> {
    await this.#hide();
    await this.#end({ state: 'Canceled', message: CANCELED_MESSAGE, error: canceledError() });
  }

  async #end(end: RunEnd): Promise<void> {
    const { home, store, now, onError } = this.#options;
    if (this.#hold.lost.aborted) return;
    await this.#log.finish(AbortSignal.timeout(LOG_FINISH_MS));
    await removeTree(serviceFolder(home, this.#run.id).root, AbortSignal.timeout(CLEANING_MS)).catch(onError);
    await this.#hold.written();
    if (await endRun(store, this.#run, end, new Date(now()))) {
      await forgetDeaths(store.settings, this.#run.id);
    }
  }

  /**
   * Lets go of the run. `begun`: it counts as another death; `queued`: it starts anew, nothing speaks against it;
   * `finished`: only its results are still to be handed on.
   */
  async #giveBack(as: 'begun' | 'queued' | 'finished'): Promise<void> {
    const { store } = this.#options;
    if (as !== 'finished') {
      await this.#clear();
      await this.#hide();
    }
    await this.#log.finish(AbortSignal.timeout(LOG_FINISH_MS));
    if (as === 'queued') this.#hold.write({ subState: 'Queued' });
    await this.#hold.written();
    await store.runs.release(this.#run.id, this.#run.epoch);
  }

  async #clear(): Promise<EarlierAttempt> {
    const { home, onLine } = this.#options;
    return clearEarlierAttempt(home, this.#run.id, AbortSignal.timeout(CLEANING_MS), onLine);
  }

  /** The log of the next attempt goes on behind that of the last one, wherever that was. */
  async #continueLog(earlier: EarlierAttempt): Promise<void> {
    const { home, files } = this.#options;
    const { id } = this.#run;
    const folder = runFolder(home, id);
    if (earlier.kind === 'none') {
      const signal = AbortSignal.any([this.#hold.lost, AbortSignal.timeout(LOG_FINISH_MS)]);
      const blob = logBlob(this.#input.staging.storageAccount, id, 'customization');
      mkdirSync(folder.root, { recursive: true });
      if ((await files.logSize(blob, signal)) > 0)
        await files.download(blob, folder.customizationLog, signal);
    }
    await noteInLog(folder, id, 'The process that executed this run died; the build starts again');
  }

  async #hide(): Promise<void> {
    const { staging, onError } = this.#options;
    await staging.hide({ runId: this.#run.id, staging: this.#input.staging }).catch(onError);
  }

  #endContext(): EndContext {
    const { storageAccount } = this.#input.staging;
    return {
      logAddress: this.#options.files.addressOf(logBlob(storageAccount, this.#run.id, 'customization')),
      operationId: this.#run.operationId,
      targetCount: this.#input.template.distribute.length,
    };
  }
}
