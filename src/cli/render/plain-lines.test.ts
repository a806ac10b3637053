import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent } from '../../model/run.ts';
import { MIB } from '../../model/sizes.ts';
import { failedRecord, scriptedEvents, START } from '../testing/scripted-run.ts';
import { plainLines, stepLabel } from './plain-lines.ts';

test('every line begins with the time in UTC and the step it belongs to', () => {
  for (const line of linesOf(scriptedEvents())) {
    assert.match(line, /^2026-11-21T10:\d\d:\d\dZ {2}\[[a-z0-9 /[\]]+\] \S/);
  }
});

test('the output of a guest is shown without its escape sequences', () => {
  const lines = linesOf(scriptedEvents());
  const first = '[customize 1/2] Get:1 http://deb.example/debian bookworm package-1 [0 kB]';
  assert.ok(lines.includes(`2026-11-21T10:00:31Z  ${first}`));
  assert.ok(lines.every((line) => !line.includes('\u001B')));
});

test('a download of known size is told in tenths and always to its end', () => {
  const told = linesOf(scriptedEvents()).filter((line) => line.includes('debian-12.qcow2'));
  assert.equal(told.length, 11);
  assert.match(told.at(-1) ?? '', /100% \(320 MiB of 320 MiB\)$/);
});

test('a download of unknown size is told every quarter of a minute', () => {
  const events = Array.from({ length: 61 }, (_, second): BuildEvent => ({
    kind: 'step-progress',
    at: START + second * 1000,
    id: 'source',
    doneBytes: second * MIB,
    totalBytes: undefined,
    what: 'image',
  }));
  assert.deepEqual(
    linesOf(events).map((line) => line.slice(22)),
    [
      '[source] image: 0 B',
      '[source] image: 15 MiB',
      '[source] image: 30 MiB',
      '[source] image: 45 MiB',
      '[source] image: 60 MiB',
    ],
  );
});

test('a failed run ends with the failure of its step and the state of the run', () => {
  const lines = linesOf(scriptedEvents(failedRecord()));
  assert.deepEqual(
    lines.slice(-2).map((line) => line.slice(22)),
    ['[customize 1/2] failed in 17.0s', '[run] ended: Failed'],
  );
});

test('counted steps are named by their count and others by their id', () => {
  assert.equal(stepLabel('customize[0]', 'Customize 1/3: Shell "install"'), 'customize 1/3');
  assert.equal(stepLabel('boot', 'Boot the build VM'), 'boot');
});

function linesOf(events: readonly BuildEvent[]): string[] {
  const lines: string[] = [];
  events.forEach(plainLines((line) => lines.push(line)));
  return lines;
}
