/** Chooses how progress is shown, and hands out one thing to use for any of the ways. */
import type { BuildEventSink } from '../../model/run.ts';
import type { Io } from '../io.ts';
import { LiveView, type LiveViewClock, type TerminalScreen } from './live-view.ts';
import { plainLines, timestamp } from './plain-lines.ts';
import { emptyRunView, foldEvent, type RunView } from './run-view.ts';
import { canRedraw, styleFor } from './style.ts';

export const progressModes = ['auto', 'live', 'plain'] as const;
export type ProgressMode = (typeof progressModes)[number];

export interface Progress extends Disposable {
  readonly sink: BuildEventSink;
  /** What has been seen so far, for reports at the end. */
  readonly view: () => RunView;
  /** One sentence for the person at the terminal. */
  note(text: string): void;
}

export interface ProgressOptions {
  readonly mode: ProgressMode;
  /** Keeps standard output for the result: progress goes to standard error as plain lines. */
  readonly onStderr: boolean;
  /** Also receives every plain line. */
  readonly copyLine?: (line: string) => void;
}

const TICK_MS = 100;

export function openProgress(io: Io, options: ProgressOptions): Progress {
  const stream = options.onStderr ? io.stderr : io.stdout;
  const live =
    options.mode === 'live' ||
    (options.mode === 'auto' && !options.onStderr && canRedraw(stream.isTty, io.env));
  const copy = options.copyLine === undefined ? undefined : plainLines(options.copyLine);
  const shown = live ? liveProgress(io) : plainProgress(io, (line) => stream.write(`${line}\n`));
  let view = emptyRunView;
  return {
    sink: (event) => {
      view = foldEvent(view, event);
      copy?.(event);
      shown.sink(event);
    },
    view: () => view,
    note: (text) => shown.note(text),
    [Symbol.dispose]: () => shown[Symbol.dispose](),
  };
}

type Shown = Omit<Progress, 'view'>;

function plainProgress(io: Io, write: (line: string) => void): Shown {
  return {
    sink: plainLines(write),
    note: (text) => write(`${timestamp(io.now())}  [goldsmith] ${text}`),
    [Symbol.dispose]: () => undefined,
  };
}

function liveProgress(io: Io): Shown {
  const screen: TerminalScreen = {
    size: () => io.stdout.size(),
    write: (text) => io.stdout.write(text),
    onResize: (listener) => io.stdout.onResize(listener),
  };
  const clock: LiveViewClock = {
    now: () => io.now(),
    every: (tick) => {
      const timer = setInterval(tick, TICK_MS);
      return () => clearInterval(timer);
    },
  };
  const view = new LiveView(screen, styleFor(true, io.env), clock);
  const forget = io.atExit(() => view[Symbol.dispose]()); // a forced exit must give the cursor back too
  return {
    sink: view.sink,
    note: (text) => (view.isOpen ? view.note(text) : io.stderr.write(`${text}\n`)),
    [Symbol.dispose]: () => {
      view[Symbol.dispose]();
      forget();
    },
  };
}
