import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../exit-codes.ts';
import { buildProgram, runProgram } from '../program.ts';
import { watchSignals, type StopSignal } from '../signals.ts';
import { fakePorts } from '../testing/fake-ports.ts';
import { memoryIo } from '../testing/memory-io.ts';
import { runCli } from '../testing/run-cli.ts';

test('a worker gives its runs back with Ctrl-C, and counts that as success', async () => {
  const [io, ports] = [memoryIo(), fakePorts()];
  let press: (signal: StopSignal) => void = () => undefined;
  const signals = {
    on: (name: StopSignal, listener: (signal: StopSignal) => void): void => {
      if (name === 'SIGINT') press = listener;
    },
    off: () => undefined,
    exit: () => undefined,
  };
  using cancellation = watchSignals(signals, () => undefined);
  const started = Promise.withResolvers<undefined>();
  let givenBack = false;
  let exitCode: number | undefined;
  const workers: typeof ports.workers = {
    start: async (request) => {
      started.resolve(undefined);
      await ports.workers.start(request);
      return {
        [Symbol.asyncDispose]: async () => {
          givenBack = true;
        },
      };
    },
  };
  const running = runProgram(
    buildProgram(
      { io, ports: { ...ports, workers }, cancellation, finish: (code: number) => (exitCode = code) },
      '1.2.3',
    ),
    ['worker', '--database', 'postgres://db/x', '--blobs', 'https://a.blob.test'],
  );
  await started.promise;
  press('SIGINT');
  await running;
  assert.equal(exitCode, exitCodes.ok);
  assert.equal(givenBack, true);
  assert.deepEqual(ports.asked.workers, [
    { databaseUrl: 'postgres://db/x', blobsUrl: 'https://a.blob.test', simulate: false },
  ]);
});

test('a worker without a database is a usage error', async () => {
  const { exitCode, stderr } = await runCli(['worker', '--blobs', 'https://a.blob.test']);
  assert.equal(exitCode, exitCodes.usage);
  assert.match(stderr, /--database/);
});
