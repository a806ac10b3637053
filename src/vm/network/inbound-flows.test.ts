import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac } from './ethernet.ts';
import { FORWARDED_PORT, InboundFlows } from './inbound-flows.ts';
import { parseIpv4 } from './ipv4.ts';
import { ACK, buildTcp, RST, sourcePort, SYN, targetPort } from './segments.ts';

const guest = { mac: parseMac('52:54:00:12:34:56'), address: parseIpv4('10.1.0.5') };
const gateway = { mac: parseMac('12:34:56:78:9a:bc'), address: parseIpv4('10.1.0.1') };

const fromHost = (clientPort: number, flags: number): Buffer =>
  buildTcp(
    {
      ...{ sourceMac: gateway.mac, sourceAddress: gateway.address, sourcePort: clientPort },
      ...{ targetMac: guest.mac, targetAddress: guest.address, targetPort: FORWARDED_PORT },
    },
    { flags, sequence: 1, acknowledgement: 1 },
  );
const fromGuest = (guestPort: number, clientPort: number, flags: number): Buffer =>
  buildTcp(
    {
      ...{ sourceMac: guest.mac, sourceAddress: guest.address, sourcePort: guestPort },
      ...{ targetMac: gateway.mac, targetAddress: gateway.address, targetPort: clientPort },
    },
    { flags, sequence: 1, acknowledgement: 1 },
  );

test('an announced connection reaches the wanted port, and the answers come back from the forwarded one', async () => {
  const flows = new InboundFlows(() => assert.fail('nothing was held'));
  const flow = flows.expect(50_000, 5986);
  const syn = fromHost(50_000, SYN);
  assert.equal(flows.fromHost(syn, 0), true);
  assert.equal(targetPort(syn, 0), 5986);
  const answer = fromGuest(5986, 50_000, SYN | ACK);
  assert.equal(flows.fromGuest(answer, 0), true);
  assert.equal(sourcePort(answer, 0), FORWARDED_PORT);
  assert.equal(await flow.outcome, 'open');
});

test('a first segment that comes before its announcement is held, then delivered', () => {
  const delivered: Buffer[] = [];
  const flows = new InboundFlows((frame) => delivered.push(frame));
  assert.equal(flows.fromHost(fromHost(50_001, SYN), 0), false);
  flows.expect(50_001, 2222);
  assert.deepEqual(
    delivered.map((frame) => targetPort(frame, 0)),
    [2222],
  );
});

test('a connection that nobody announced never reaches the guest', () => {
  const flows = new InboundFlows(() => assert.fail('delivered'));
  for (let port = 40_000; port < 40_100; port += 1)
    assert.equal(flows.fromHost(fromHost(port, SYN), 0), false);
  assert.equal(flows.fromHost(fromHost(40_000, ACK), 0), false);
});

test('the guest refuses with a reset', async () => {
  const flows = new InboundFlows(() => undefined);
  const flow = flows.expect(50_002, 22);
  flows.fromHost(fromHost(50_002, SYN), 0);
  assert.equal(flows.fromGuest(fromGuest(22, 50_002, RST | ACK), 0), true);
  assert.equal(await flow.outcome, 'refused');
  assert.equal(flows.fromGuest(fromGuest(22, 50_002, ACK), 0), false, 'the flow is gone');
});

test('the guest can answer on a flow but never open a connection to the host', () => {
  const flows = new InboundFlows(() => undefined);
  assert.equal(flows.fromGuest(fromGuest(22, 50_003, SYN), 0), false, 'no flow');
  flows.expect(50_003, 22);
  assert.equal(flows.fromGuest(fromGuest(22, 50_003, SYN), 0), false, 'a bare SYN');
  assert.equal(flows.fromGuest(fromGuest(23, 50_003, SYN | ACK), 0), false, 'another port of the guest');
  flows.fromHost(fromHost(50_003, SYN), 0);
  assert.equal(flows.fromGuest(fromGuest(22, 50_003, SYN | ACK), 0), true);
  flows.fromHost(fromHost(50_003, ACK), 0);
  assert.equal(flows.fromGuest(fromGuest(22, 50_003, SYN | ACK), 0), false, 'a second SYN');
  assert.equal(flows.fromGuest(fromGuest(22, 50_003, ACK), 0), true);
});
