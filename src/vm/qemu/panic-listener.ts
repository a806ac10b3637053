/** Hears a Linux kernel panic on the serial console, to the last line of its report. */
import type { GuestConsole } from '../hypervisor.ts';

/** As the kernel prints them: time stamp first, so that a file shown on the console does not match. */
const FIRST_LINE = /^\[\s*\d+\.\d+\](?:\[.*?\])? Kernel panic - not syncing/;
const LAST_LINE = /^\[\s*\d+\.\d+\](?:\[.*?\])? ---\[ end Kernel panic - not syncing/;

/** Longest wait for the rest of a report that has begun, or that pvpanic has announced, in milliseconds. */
const REPORT_WITHIN_MS = 2000;

export class PanicListener {
  /** Resolves at the first line of a report; pending for ever without one. */
  readonly begun: Promise<void>;
  #line: string | undefined;
  readonly #over: Promise<void>;

  constructor(console: GuestConsole) {
    const begun = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.#over = over.promise;
    console.onLine((line) => {
      if (FIRST_LINE.test(line)) {
        this.#line ??= line;
        begun.resolve();
      } else if (LAST_LINE.test(line)) over.resolve();
    });
    console.stream.once('close', over.resolve);
  }

  /**
   * To be called when a panic has begun: waits for the end of its report.
   * @returns its first line; undefined when the console shows none in time.
   */
  async report(withinMs: number = REPORT_WITHIN_MS): Promise<string | undefined> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, withinMs);
    await Promise.race([this.#over, late.promise]);
    clearTimeout(timer);
    return this.#line;
  }
}
