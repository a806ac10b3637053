import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { runCommand } from './command.ts';

test('a grandchild that keeps the output open does not keep the command from ending', async () => {
  const { stdout } = await runCommand(['sh', '-c', 'sleep 600 & echo $!']);
  process.kill(Number(stdout), 'SIGKILL');
});

test('all output of a program that ends by itself is kept', async () => {
  const { stdout } = await runCommand(['sh', '-c', 'seq 1 200000']);
  assert.equal(stdout.trimEnd().split('\n').length, 200_000);
});

test('a program that outstays its limit is ended and fails', async () => {
  await assert.rejects(
    runCommand(['sleep', '600'], { timeoutMs: 50 }),
    (error) => isGoldsmithError(error, 'CommandFailed') && /did not finish within/.test(error.message),
  );
});

test('a program that does not exist fails with its name', async () => {
  await assert.rejects(runCommand(['goldsmith-no-such-program']), (error) =>
    isGoldsmithError(error, 'CommandFailed'),
  );
});
