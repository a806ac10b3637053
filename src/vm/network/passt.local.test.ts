import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentBuildUser } from '../../host/build-user.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { parseMac } from './ethernet.ts';
import { parseIpv4 } from './ipv4.ts';
import { startPasst } from './passt.ts';

const options = {
  user: currentBuildUser(),
  guestMac: parseMac('52:54:00:12:34:56'),
  guestAddress: parseIpv4('10.1.0.5'),
  gatewayMac: parseMac('12:34:56:78:9a:bc'),
  gatewayAddress: parseIpv4('10.1.0.1'),
  prefixBits: 24,
  mtu: 1500,
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('passt answers on the wire once it is started, and is gone after disposal', async () => {
  const passt = await startPasst(options, AbortSignal.timeout(30_000));
  assert.ok(isAlive(passt.pid));
  await passt[Symbol.asyncDispose]();
  assert.equal(isAlive(passt.pid), false);
});

test('passt ends when its wire closes, so that it cannot outlive us', async () => {
  await using passt = await startPasst(options, AbortSignal.timeout(30_000));
  passt.link.destroy();
  await passt.ended;
  assert.equal(isAlive(passt.pid), false);
});

test('the death of passt is noticed', async () => {
  await using passt = await startPasst(options, AbortSignal.timeout(30_000));
  process.kill(passt.pid, 'SIGKILL');
  assert.match(await passt.ended, /SIGKILL|137/);
});

test('a passt that cannot run says why', async () => {
  const unusable = { ...options, gatewayAddress: parseIpv4('0.0.0.0') };
  await assert.rejects(
    startPasst(unusable, AbortSignal.timeout(30_000)),
    (error) => isGoldsmithError(error, 'HostNotReady') && /gateway/i.test(error.message),
  );
});

test('starting can be cancelled', async () => {
  await assert.rejects(startPasst(options, AbortSignal.abort()), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});
