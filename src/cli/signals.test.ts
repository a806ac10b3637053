import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { watchSignals, type SignalSource, type StopSignal } from './signals.ts';

class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
  send(signal: StopSignal): void {
    this.emit(signal, signal);
  }
}

test('the first Ctrl-C cancels with a message and the second forces the exit', () => {
  const source = new FakeProcess();
  const said: string[] = [];
  using cancellation = watchSignals(source, (message) => said.push(message));
  source.send('SIGINT');
  assert.equal(cancellation.signal.aborted, true);
  assert.ok(isGoldsmithError(cancellation.signal.reason, 'Cancelled'));
  assert.deepEqual(said, ['Cancelling… (Ctrl-C again to force)']);
  assert.deepEqual(source.exits, []);
  source.send('SIGINT');
  assert.deepEqual(source.exits, [130]);
});

test('SIGTERM and a lost terminal cancel too', () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const source = new FakeProcess();
    using cancellation = watchSignals(source, () => undefined);
    source.send(signal);
    assert.equal(cancellation.signal.aborted, true);
  }
});

test('a command can take over telling the person', () => {
  const source = new FakeProcess();
  const said: string[] = [];
  using cancellation = watchSignals(source, () => assert.fail('the command tells'));
  cancellation.onCancel((message) => said.push(message));
  source.send('SIGTERM');
  assert.deepEqual(said, ['Cancelling on SIGTERM…']);
});

test('disposing stops listening', () => {
  const source = new FakeProcess();
  watchSignals(source, () => undefined)[Symbol.dispose]();
  assert.equal(
    source.listenerCount('SIGINT') + source.listenerCount('SIGTERM') + source.listenerCount('SIGHUP'),
    0,
  );
});
