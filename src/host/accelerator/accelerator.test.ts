import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kvmDeviceGroup, mayUse, type KvmDevice } from './kvm-device.ts';
import { PROBE_FAILED_EXIT, PROBE_MARKER, PROBE_PASSED_EXIT, probeBootSector } from './probe-guest.ts';
import { judgeProbe } from './probe-run.ts';

function device(mode: number, gid: number): KvmDevice {
  return { path: '/dev/kvm', identity: 'x', mode, uid: 0, gid };
}

test('the probe guest is one bootable sector whose tables lie where its code says', () => {
  const sector = probeBootSector();
  const view = new DataView(sector.buffer);
  assert.equal(sector.length, 512);
  assert.equal(view.getUint16(510, true), 0xaa55);
  assert.equal(sector.indexOf(0xf0), 0x88, 'the locked exchange');
  assert.equal(view.getUint16(0x4b, true), 0x7cd0, 'operand of lgdt');
  assert.equal(view.getUint32(0xd2, true), 0x7cb8, 'base of the descriptor table');
  assert.equal(view.getUint16(0x9a, true), 0x7cd6, 'address of the marker');
  assert.equal(new TextDecoder().decode(sector.subarray(0xd6, 0xd6 + PROBE_MARKER.length)), PROBE_MARKER);
});

test('only the exit code together with the marker counts as passed', () => {
  const good = { exitCode: PROBE_PASSED_EXIT, serial: `${PROBE_MARKER}\r\n`, complaints: '' };
  assert.equal(judgeProbe(good).passed, true);
  assert.equal(judgeProbe({ ...good, serial: '' }).passed, false);
  assert.equal(judgeProbe({ ...good, exitCode: 0 }).passed, false);
  assert.match(judgeProbe({ ...good, exitCode: PROBE_FAILED_EXIT }).because, /compare-exchange/);
});

test('a guest that KVM killed is told apart from one that hung', () => {
  const dead = {
    exitCode: undefined,
    serial: '',
    complaints: 'KVM internal error. Suberror: 1\nemulation failure\n',
  };
  assert.match(judgeProbe(dead).because, /died at once: KVM internal error\. Suberror: 1$/);
  assert.match(judgeProbe({ ...dead, complaints: '' }).because, /did not end within/);
  assert.match(
    judgeProbe({ exitCode: 1, serial: '', complaints: 'warning\ncould not access KVM\n' }).because,
    /code 1: could not access KVM$/,
  );
});

test('the permission bits of the device decide as the kernel would', () => {
  const ordinary = { uid: 1000, groups: [1000] };
  assert.equal(mayUse(device(0o600, 0), ordinary), false);
  assert.equal(mayUse(device(0o660, 104), ordinary), false);
  assert.equal(mayUse(device(0o660, 104), { uid: 1000, groups: [1000, 104] }), true);
  assert.equal(mayUse(device(0o666, 104), ordinary), true);
  assert.equal(mayUse(device(0o606, 104), { uid: 1000, groups: [104] }), false, 'the group bits win');
  assert.equal(mayUse(device(0o600, 0), { uid: 0, groups: [0] }), true);
});

test('the build user gets the group of the device, but never the group root', () => {
  assert.deepEqual(kvmDeviceGroup(device(0o660, 104)), [104]);
  assert.deepEqual(kvmDeviceGroup(device(0o660, 0)), []);
  assert.deepEqual(kvmDeviceGroup(device(0o600, 104)), []);
});
