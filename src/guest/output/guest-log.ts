/** The log of one guest command: lines to a sink up to a limit, and the last ones kept for an error message. */
import type { OutputStream } from '../guest-shell.ts';
import { LineSplitter } from './line-splitter.ts';

export type LineSink = (stream: OutputStream, line: string) => void;

/** How much output reaches the sink before the rest is dropped, in characters. Shared by the commands of a run. */
export class OutputBudget {
  #left: number;
  readonly #total: number;
  #noted = false;

  constructor(totalCharacters = 256 * 1024 * 1024) {
    this.#left = totalCharacters;
    this.#total = totalCharacters;
  }

  /** What to write for `line`: the line, a note once when the limit is reached, and then nothing. */
  spend(line: string): string | undefined {
    this.#left -= line.length + 1;
    if (this.#left >= 0) return line;
    if (this.#noted) return undefined;
    this.#noted = true;
    return `[output limit of ${this.#total} characters reached: the rest is not recorded]`;
  }
}

export class GuestLog {
  readonly #splitters: Readonly<Record<OutputStream, LineSplitter>>;
  readonly #lastLines: string[] = [];
  readonly #keep: number;

  /** @param keep how many last lines `lastLines` holds. */
  constructor(sink: LineSink, budget: OutputBudget, keep = 20) {
    this.#keep = keep;
    const lines = (stream: OutputStream) =>
      new LineSplitter((line) => {
        if (line.trim() !== '') this.#remember(line);
        const allowed = budget.spend(line);
        if (allowed !== undefined) sink(stream, allowed);
      });
    this.#splitters = { out: lines('out'), err: lines('err') };
  }

  /** Non-empty last lines of both streams in order of arrival, each at most 500 characters. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Fits `ExecOptions.onOutput`. */
  readonly push = (stream: OutputStream, chunk: Buffer): void => {
    this.#splitters[stream].push(chunk);
  };

  end(): void {
    this.#splitters.out.end();
    this.#splitters.err.end();
  }

  #remember(line: string): void {
    this.#lastLines.push(line.length > 500 ? `${line.slice(0, 500)} …` : line);
    if (this.#lastLines.length > this.#keep) this.#lastLines.shift();
  }
}
