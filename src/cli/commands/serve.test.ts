import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../exit-codes.ts';
import type { ServiceRequest } from '../ports.ts';
import { buildProgram, runProgram } from '../program.ts';
import { watchSignals, type StopSignal } from '../signals.ts';
import { fakePorts } from '../testing/fake-ports.ts';
import { memoryIo } from '../testing/memory-io.ts';
import { runCli } from '../testing/run-cli.ts';

test('serve says what to type next, ends with Ctrl-C, and counts that as success', async () => {
  const { stdout, exitCode, asked } = await serveUntilStopped(['serve', '--data', 'my data', '--simulate']);
  assert.equal(exitCode, exitCodes.ok);
  assert.match(stdout, /answers at https:\/\/localhost:8443/);
  assert.match(stdout, /eval "\$\(\.\/goldsmith az-env --data 'my data'\)"/);
  assert.match(stdout, /no machine boots/);
  const [request] = asked.services;
  assert.deepEqual([request?.host, request?.port, request?.simulate], ['127.0.0.1', 8443, true]);
  assert.ok(request?.dataFolder?.endsWith('/my data'));
});

test('serve --json prints one document when it is ready', async () => {
  const { stdout } = await serveUntilStopped(['serve', '--json', '--port', '0']);
  const document: unknown = JSON.parse(stdout);
  assert.ok(typeof document === 'object' && document !== null && 'url' in document && 'pid' in document);
});

test('a port that is none is a usage error', async () => {
  for (const port of ['-1', '65536', 'x', '1.5']) {
    assert.equal((await runCli(['serve', `--port=${port}`])).exitCode, exitCodes.usage, port);
  }
});

test('az-env prints lines for eval and nothing else on standard output', async () => {
  const { stdout, exitCode } = await runCli(['az-env']);
  assert.equal(exitCode, exitCodes.ok);
  assert.equal(stdout, 'export AZURE_CONFIG_DIR=/home/service/azure-cli\naz login\n');
  const json: unknown = JSON.parse((await runCli(['az-env', '--json'])).stdout);
  assert.ok(typeof json === 'object' && json !== null && 'clientSecret' in json && !('lines' in json));
});

test('az-env says when the service is not there', async () => {
  const { stdout, stderr, exitCode } = await runCli(['az-env'], {
    ports: fakePorts({ serviceAnswers: false }),
  });
  assert.deepEqual([stdout, exitCode], ['', exitCodes.hostNotReady]);
  assert.match(stderr, /\.\/goldsmith serve/);
});

async function serveUntilStopped(args: readonly string[]) {
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
  let exitCode: number | undefined;
  const ready = Promise.withResolvers<undefined>();
  const service = {
    ...ports.service,
    start: async (request: ServiceRequest) => {
      ready.resolve(undefined);
      return ports.service.start(request);
    },
  };
  const context = {
    io,
    ports: { ...ports, service },
    cancellation,
    finish: (code: number) => (exitCode = code),
  };
  const running = runProgram(buildProgram(context, '1.2.3'), args);
  await ready.promise;
  press('SIGINT');
  await running;
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text(), asked: ports.asked };
}
