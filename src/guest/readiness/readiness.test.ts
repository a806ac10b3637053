import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { connectionFailureOf } from '../ssh/connection-failure.ts';
import { outcomeOf } from './cloud-init.ts';
import { firstOf, type Wait } from './first-of.ts';
import { sshBanner } from './ssh-banner.ts';

const never = new AbortController().signal;

test('the banner is an event, and the handshake still sees every byte', async () => {
  const stream = new PassThrough();
  const banner = sshBanner(stream, never);
  stream.write('Hello from the guest\r\nSSH-2');
  stream.write('.0-OpenSSH_9.2\r\nrest');
  assert.equal(await banner, 'SSH-2.0-OpenSSH_9.2');
  assert.equal(String(stream.read()), 'Hello from the guest\r\nSSH-2.0-OpenSSH_9.2\r\nrest');
});

test('a stream that ends, talks nonsense or is not waited for any more has no banner', async () => {
  const ending = new PassThrough();
  const ended = sshBanner(ending, never);
  ending.end('login:');
  await assert.rejects(ended, (error) => connectionFailureOf(error) === 'ConnectionLost');
  const chatty = new PassThrough();
  const chat = sshBanner(chatty, never);
  chatty.write('x'.repeat(20_000));
  await assert.rejects(chat, (error) => connectionFailureOf(error) === 'HandshakeFailed');
  await assert.rejects(sshBanner(new PassThrough(), AbortSignal.abort()), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});

const gaveUp: string[] = [];
const waitsForever =
  (name: string): Wait<string> =>
  async (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        gaveUp.push(name);
        reject(new Error(name));
      });
    });

test('the first event wins, the other waits are given up, and a failed wait does not spoil the rest', async () => {
  const failing: Wait<string> = async () => Promise.reject(new Error('failed'));
  assert.equal(await firstOf(never, waitsForever('a'), failing, async () => Promise.resolve('b')), 'b');
  assert.deepEqual(gaveUp, ['a']);
  await assert.rejects(firstOf(never, failing, failing), /failed/);
});

test('the outcome of cloud-init is read with suspicion', () => {
  assert.deepEqual(outcomeOf('absent\n'), { state: 'absent', warnings: [] });
  assert.deepEqual(outcomeOf('short\n'), { state: 'short', warnings: [] });
  assert.deepEqual(outcomeOf('finished\n{"v1":{"errors":[]}}'), { state: 'finished', warnings: [] });
  assert.deepEqual(outcomeOf('finished\n{"v1":{"errors":["no \\u001b[31mlocale"]}}').warnings, [
    'cloud-init reported an error: no locale',
  ]);
  assert.match(outcomeOf('finished\n{"v1":').warnings[0] ?? '', /cannot be read/);
  assert.equal(outcomeOf('no-result\n').state, 'no-result');
  assert.equal(outcomeOf('').state, 'no-result');
});
