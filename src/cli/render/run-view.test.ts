import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent } from '../../model/run.ts';
import { failedRecord, scriptedEvents, scriptedRecord, START } from '../testing/scripted-run.ts';
import { emptyRunView, failedStep, foldEvent, runningSteps, type RunView } from './run-view.ts';

test('a whole run folds to its steps in order, with how each ended', () => {
  const view = fold(scriptedEvents());
  assert.deepEqual(
    view.steps.map((step) => [step.id, step.state]),
    [
      ['source', 'succeeded'],
      ['boot', 'succeeded'],
      ['customize[0]', 'succeeded'],
      ['optimize', 'skipped'],
    ],
  );
  assert.equal(view.record?.state, scriptedRecord().state);
  assert.equal(view.warnings.length, 1);
});

test('only the last lines of a chatty step are kept', () => {
  const step = failedStep(fold(scriptedEvents(failedRecord())));
  assert.equal(step?.tail.length, 20);
  assert.match(step.tail.at(-1) ?? '', /^Get:30 /);
});

test('two steps that run at the same time are both running', () => {
  const view = fold([
    { kind: 'step-started', at: START, id: 'distribute[0]', title: 'A' },
    { kind: 'step-started', at: START, id: 'distribute[1]', title: 'B' },
    { kind: 'step-ended', at: START + 5, id: 'distribute[0]', title: 'A', state: 'succeeded', durationMs: 5 },
  ]);
  assert.deepEqual(
    runningSteps(view).map((step) => step.title),
    ['B'],
  );
});

test('the speed starts anew when a step moves on to another file', () => {
  const progress = (at: number, what: string, doneBytes: number): BuildEvent => ({
    kind: 'step-progress',
    at,
    id: 'source',
    doneBytes,
    totalBytes: undefined,
    what,
  });
  const view = fold([
    { kind: 'step-started', at: START, id: 'source', title: 'Source' },
    progress(START + 10, 'a', 100),
    progress(START + 20, 'b', 0),
    progress(START + 30, 'b', 50),
  ]);
  assert.equal(view.steps[0]?.progress?.since, START + 20);
  assert.equal(view.steps[0]?.progress?.sinceBytes, 0);
});

function fold(events: readonly BuildEvent[]): RunView {
  return events.reduce(foldEvent, emptyRunView);
}
