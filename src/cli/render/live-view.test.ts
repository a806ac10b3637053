import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent } from '../../model/run.ts';
import { failedRecord, scriptedEvents } from '../testing/scripted-run.ts';
import { TerminalEmulator } from '../testing/terminal-emulator.ts';
import { LiveView } from './live-view.ts';
import { makeStyle } from './style.ts';

const size = { columns: 80, rows: 12 };

test('finished steps stay on the screen and nothing else does', () => {
  const { terminal, play } = stage();
  play(scriptedEvents());
  assert.deepEqual(terminal.screen, [
    '✔ Resolve the source image                                                  8.0s',
    '✔ Boot the build VM                                                        21.0s',
    '⚠ warning: The template asks for 8 CPUs; this machine has 2',
    '✔ Customize 1/2: Shell "install"                                           17.0s',
    '– Optimize – not asked for',
  ]);
});

test('a running step shows how long it takes and its last five lines, without the colours of the guest', () => {
  const { terminal, play, tick } = stage();
  const events = scriptedEvents();
  play(events.slice(0, events.findLastIndex(({ kind }) => kind === 'step-output') + 1));
  tick();
  const shown = terminal.screen.slice(-7);
  assert.match(shown[0] ?? '', /^. Customize 1\/2: Shell "install" +15s$/);
  assert.deepEqual(
    shown.slice(1, 6).map((line) => /Get:\d+/.exec(line)?.[0]),
    ['Get:26', 'Get:27', 'Get:28', 'Get:29', 'Get:30'],
  );
  assert.equal(shown[6], 'Customizing · 45s · Ctrl-C cancels');
});

test('a download shows a bar, bytes and speed', () => {
  const { terminal, play, tick } = stage();
  play(scriptedEvents().slice(0, 24));
  tick();
  assert.match(
    terminal.screen.at(-2) ?? '',
    /^ {2}█+░+ +50% {2}160 MiB of 320 MiB {2}42\.1 MiB\/s {2}debian-12/,
  );
});

test('the cursor is hidden while the view moves and back when it ends, also after a failure', () => {
  const { terminal, play } = stage();
  const events = scriptedEvents(failedRecord());
  play(events.slice(0, -1));
  assert.equal(terminal.cursorVisible, false);
  play(events.slice(-1));
  assert.equal(terminal.cursorVisible, true);
});

test('disposing in the middle removes the moving part, stops the clock and gives the cursor back', () => {
  const { terminal, play, tick, view, ticking } = stage();
  play(scriptedEvents().slice(0, 30));
  tick();
  view[Symbol.dispose]();
  view[Symbol.dispose]();
  assert.equal(terminal.cursorVisible, true);
  assert.deepEqual(terminal.screen, []);
  assert.equal(ticking(), false);
});

test('a chatty guest does not redraw the screen for every line', () => {
  const { writes, play } = stage();
  const events = scriptedEvents();
  const started = events.findIndex((event) => event.kind === 'step-output' && event.id === 'customize[0]');
  play(events.slice(0, started));
  const before = writes();
  play(events.slice(started, started + 30));
  assert.equal(writes(), before);
});

test('a note takes the place of the hint at the bottom', () => {
  const { terminal, play, view } = stage();
  play(scriptedEvents().slice(0, 5));
  view.note('Cancelling… (Ctrl-C again to force)');
  assert.match(terminal.screen.at(-1) ?? '', /Cancelling… \(Ctrl-C again to force\)$/);
});

test('no line is wider than a narrow screen and no frame higher than a low one', () => {
  const narrow = { columns: 30, rows: 4 };
  const { terminal, play, tick } = stage(narrow);
  play(scriptedEvents().slice(0, -5));
  tick();
  assert.ok(terminal.screen.every((line) => line.length <= narrow.columns));
  const view = stage({ columns: 80, rows: 4 });
  view.play(scriptedEvents().filter(({ kind }) => kind === 'step-started' || kind === 'step-output'));
  view.tick();
  assert.ok(view.terminal.screen.length <= 3);
});

test('after the terminal was made narrower the view starts over at its first folded row', () => {
  const screen = { columns: 80, rows: 12 };
  const { play, tick, written } = stage(screen);
  play(scriptedEvents().slice(0, 24));
  tick();
  screen.columns = 40;
  tick();
  // Two lines of 80 and about 70 cells take two rows each at 40 columns, the last line one: up four rows.
  assert.match(written.at(-1) ?? '', /^\u001B\[\?2026h\r\u001B\[4A/);
});

function stage(screenSize = size) {
  const terminal = new TerminalEmulator(screenSize.columns);
  let tick: (() => void) | undefined;
  let now = 0;
  const written: string[] = [];
  const view = new LiveView(
    {
      size: () => screenSize,
      write: (text) => {
        written.push(text);
        terminal.write(text);
      },
      onResize: () => () => undefined,
    },
    makeStyle(true, true),
    {
      now: () => now,
      every: (action) => {
        tick = action;
        return () => {
          tick = undefined;
        };
      },
    },
  );
  return {
    terminal,
    view,
    written,
    writes: () => written.length,
    ticking: () => tick !== undefined,
    tick: () => tick?.(),
    play: (events: readonly BuildEvent[]) => {
      for (const event of events) {
        now = event.at;
        view.sink(event);
      }
    },
  };
}
