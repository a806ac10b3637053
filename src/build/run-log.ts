/** The log of a run: `customization.log`, then `validation.log` once validation starts, with AIB's markers. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { logMarkers, type LogMarkers } from '../guest/log-markers.ts';

/** Lines are written as they come, unbuffered: a log is wanted most after a crash. */
export class RunLog implements Disposable {
  readonly #markers: LogMarkers;
  readonly #now: () => number;
  #file: number;

  constructor(path: string, runId: string, now: () => number) {
    this.#file = openSync(path, 'a', 0o644);
    this.#markers = logMarkers(runId);
    this.#now = now;
  }

  /** Everything from now on goes to another file. */
  continueIn(path: string): void {
    closeSync(this.#file);
    this.#file = openSync(path, 'a', 0o644);
  }

  /** What the builder itself says; may have several lines. */
  note(text: string): void {
    for (const line of text.split('\n')) this.#write(this.#markers.note(line));
  }

  /** A line that the guest printed. */
  output(stream: 'out' | 'err', line: string): void {
    this.#write(this.#markers.guestLine(stream, line));
  }

  /** @param provisioner Packer's name of the kind, for example `shell`. */
  starting(provisioner: string): void {
    this.#write(this.#markers.starting(provisioner, new Date(this.#now())));
  }

  ending(provisioner: string): void {
    this.#write(this.#markers.ending(provisioner, new Date(this.#now())));
  }

  finalizing(): void {
    this.#write(this.#markers.finalizing(new Date(this.#now())));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(line: string): void {
    writeSync(this.#file, `${line}\n`);
  }
}
