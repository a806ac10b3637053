import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { generateSshKeyPair } from '../ssh/key-pair.ts';
import { encodeFrame, newNonce } from './wake-frame.ts';
import { wakeGuest } from './wake-guest.ts';
import { unmetFacts, WAKE_FACTS, type WakeReport } from './wake-report.ts';
import { newWakeRequest } from './wake-request.ts';

const allWell = Buffer.from(WAKE_FACTS.map((name) => `${name} yes\n`).join(''));

/** A line whose other end does what `act` does when it has been sent the nonce of a request. */
function lineTo(act: (guest: Duplex, nonce: string) => void): Duplex {
  const [host, guest] = duplexPair();
  guest.on('data', (chunk: Buffer) => {
    const nonce = /goldsmith-wake ([0-9a-f]{32}) \d+\n/.exec(chunk.toString('latin1'))?.[1];
    if (nonce !== undefined) act(guest, nonce);
  });
  return host;
}

async function wake(channel: Duplex, signal = AbortSignal.timeout(60_000)): Promise<WakeReport> {
  const request = newWakeRequest({
    now: Date.now,
    vmId: '3f2a6c1e-0b52-4d8e-9a37-5f0d2f6b7c11',
    hostName: 'gs-0a1b2c3d',
    macAddress: '52:54:00:0a:0b:0c',
    address: '10.1.0.77',
    userName: 'goldsmith',
    sshPublicKey: generateSshKeyPair().publicKey,
  });
  return wakeGuest(channel, request, signal);
}

test('an answer is found after the noise of the boot, and the line can be used again', async () => {
  const channel = lineTo((guest, nonce) => {
    guest.write('noise of the boot\r\n');
    guest.write(encodeFrame(nonce, allWell));
  });
  for (let time = 0; time < 3; time += 1) assert.deepEqual(unmetFacts(await wake(channel)), []);
  assert.deepEqual([channel.listenerCount('data'), channel.listenerCount('error')], [0, 0]);
});

const hostile: Readonly<Record<string, (guest: Duplex, nonce: string) => void>> = {
  'hangs up': (guest) => guest.end(),
  'hangs up in its answer': (guest, nonce) => guest.end(encodeFrame(nonce, allWell).subarray(0, -1)),
  'promises too much': (guest, nonce) => guest.write(`goldsmith-wake ${nonce} 99999\n`),
  'talks without end': (guest) => {
    for (let index = 0; index < 64; index += 1) guest.write(Buffer.alloc(1024, '\n'));
  },
};

for (const [name, act] of Object.entries(hostile)) {
  test(`a guest that ${name} is unreachable`, async () => {
    await assert.rejects(wake(lineTo(act)), (error) => isGoldsmithError(error, 'GuestUnreachable'));
  });
}

test('a line that is gone already is no line', async () => {
  const [host] = duplexPair();
  host.destroy();
  await assert.rejects(wake(host), (error) => isGoldsmithError(error, 'GuestUnreachable'));
});

test('waiting for a guest that says nothing, or answers somebody else, can be cancelled', async () => {
  for (const act of [
    () => undefined,
    (guest: Duplex) => void guest.write(encodeFrame(newNonce(), allWell)),
  ]) {
    const abort = new AbortController();
    const heard = lineTo((guest) => {
      act(guest);
      setImmediate(() => abort.abort());
    });
    await assert.rejects(wake(heard, abort.signal), (error) => isGoldsmithError(error, 'Cancelled'));
    assert.equal(heard.listenerCount('data'), 0);
  }
  await assert.rejects(wake(duplexPair()[0], AbortSignal.abort()), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});

test('a guest that does not read holds nobody after the cancel', async () => {
  const full = new Duplex({ highWaterMark: 16, read: () => undefined, write: () => undefined });
  const abort = new AbortController();
  const waking = wake(full, abort.signal);
  setImmediate(() => abort.abort());
  await assert.rejects(waking, (error) => isGoldsmithError(error, 'Cancelled'));
  assert.equal(full.listenerCount('drain'), 0);
  full.destroy();
  await once(full, 'close');
});
