/** Operations on a machine end at once when the machine does, with the machine's end as the reason. */
import { GoldsmithError } from '../model/errors.ts';

/** Something that can break underneath every operation: a machine, its network, its provisioning. */
export class Watch {
  readonly #lost = new AbortController();

  /** Fires when what is watched broke; the reason is a GoldsmithError. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** The first reason counts. */
  lose(reason: GoldsmithError): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(reason);
  }

  /**
   * Runs `operation` with a signal that fires for the caller's reason and for the loss.
   * @throws the loss in place of whatever the operation made of it; otherwise what the operation throws.
   */
  async guard<T>(signal: AbortSignal, operation: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const either = AbortSignal.any([signal, this.#lost.signal]);
    try {
      return await Promise.race([operation(either), this.#rejection()]);
    } catch (error) {
      if (signal.aborted) throw error;
      throw this.#lossAfter(error);
    }
  }

  /** A connection may break a moment before the hypervisor says why; the loss is the better explanation. */
  #lossAfter(error: unknown): unknown {
    const reason: unknown = this.#lost.signal.aborted ? this.#lost.signal.reason : undefined;
    return reason instanceof GoldsmithError ? reason : error;
  }

  async #rejection(): Promise<never> {
    return new Promise((_, reject) => {
      const lose = (): void => {
        const reason: unknown = this.#lost.signal.reason;
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      };
      if (this.#lost.signal.aborted) lose();
      else this.#lost.signal.addEventListener('abort', lose, { once: true });
    });
  }
}
