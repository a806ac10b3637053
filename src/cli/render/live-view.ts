/**
 * The live view on a terminal: finished steps scroll up and stay, running steps are redrawn below them in place.
 * Why not a task-list library: see docs/decisions (progress comes as events from an engine that also runs without
 * a terminal, so nothing here may own the tasks).
 */
import type { BuildEvent, BuildEventSink } from '../../model/run.ts';
import { cellWidth } from './cell-width.ts';
import { endedStepLine, liveFrame, type FrameSize } from './frame.ts';
import { emptyRunView, foldEvent, type RunView } from './run-view.ts';
import type { Style } from './style.ts';

/** What the view needs of a terminal; `process.stdout` fits. */
export interface TerminalScreen {
  readonly size: () => FrameSize;
  write(text: string): void;
  /** Calls `listener` when the size changed; returns the way to stop. */
  onResize(listener: () => void): () => void;
}

export interface LiveViewClock {
  now(): number;
  /** Calls `tick` some ten times a second until the returned function is called. */
  every(tick: () => void): () => void;
}

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
// Synchronized output: terminals that know it paint the frame in one go, others ignore it.
const BEGIN_FRAME = '\u001B[?2026h';
const END_FRAME = '\u001B[?2026l';
const CLEAR_LINE_END = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
const STYLE_SEQUENCE = /\u001B\[\d+m/g;

/** Takes the cursor when the first event arrives and gives it back when disposed. */
export class LiveView implements Disposable {
  readonly #screen: TerminalScreen;
  readonly #style: Style;
  readonly #clock: LiveViewClock;
  #view: RunView = emptyRunView;
  #note: string | undefined;
  #drawn: readonly string[] = [];
  #stop: (() => void) | undefined;

  constructor(screen: TerminalScreen, style: Style, clock: LiveViewClock) {
    this.#screen = screen;
    this.#style = style;
    this.#clock = clock;
  }

  readonly sink: BuildEventSink = (event) => {
    if (event.kind === 'run-ended') {
      this.#view = foldEvent(this.#view, event);
      this[Symbol.dispose]();
      return;
    }
    this.#open();
    this.#view = foldEvent(this.#view, event);
    const lasting = this.#lastingLine(event);
    // Output and bytes wait for the next tick: a chatty guest must not make the terminal the bottleneck.
    if (lasting !== undefined || event.kind === 'step-started') this.#draw(lasting);
  };

  /** True from the first event to the end: only then is a note seen. */
  get isOpen(): boolean {
    return this.#stop !== undefined;
  }

  /** Shows `note` in place of the footer's hint, for example that a cancel is under way. */
  note(note: string): void {
    this.#note = note;
    if (this.#stop !== undefined) this.#draw();
  }

  /** Removes the moving part, shows the cursor, stops the clock. Safe to call again. */
  [Symbol.dispose](): void {
    if (this.#stop === undefined) return;
    this.#stop();
    this.#stop = undefined;
    this.#screen.write(`${this.#toTop()}${CLEAR_BELOW}${SHOW_CURSOR}`);
    this.#drawn = [];
  }

  #open(): void {
    if (this.#stop !== undefined) return;
    this.#screen.write(HIDE_CURSOR);
    const stopTicking = this.#clock.every(() => this.#draw());
    const stopWatching = this.#screen.onResize(() => this.#draw());
    this.#stop = () => {
      stopTicking();
      stopWatching();
    };
  }

  #lastingLine(event: BuildEvent): string | undefined {
    const { columns } = this.#screen.size();
    if (event.kind === 'warning') {
      const text = this.#view.warnings.at(-1) ?? '';
      return `${this.#style.yellow(`${this.#style.marks.warning} warning:`)} ${text}`;
    }
    if (event.kind !== 'step-ended') return undefined;
    const step = this.#view.steps.findLast(({ id }) => id === event.id);
    return step === undefined ? undefined : endedStepLine(step, columns, this.#style);
  }

  #draw(lasting?: string): void {
    const lines = liveFrame(this.#view, this.#clock.now(), this.#screen.size(), this.#style, this.#note);
    const above = lasting === undefined ? '' : `${lasting}${CLEAR_LINE_END}\n`;
    const frame = lines.map((line) => `${line}${CLEAR_LINE_END}`).join('\n');
    this.#screen.write(`${BEGIN_FRAME}${this.#toTop()}${above}${frame}${CLEAR_BELOW}${END_FRAME}`);
    this.#drawn = lines;
  }

  /** Back to the first row of what was drawn. A terminal made narrower since has folded long lines into more rows. */
  #toTop(): string {
    if (this.#drawn.length === 0) return '\r';
    const { columns } = this.#screen.size();
    const rows = this.#drawn.reduce((sum, line) => {
      const width = cellWidth(line.replaceAll(STYLE_SEQUENCE, ''));
      return sum + Math.max(1, Math.ceil(width / Math.max(1, columns)));
    }, 0);
    return rows > 1 ? `\r\u001B[${rows - 1}A` : '\r';
  }
}
