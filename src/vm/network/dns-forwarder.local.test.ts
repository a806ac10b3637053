import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { hostNameservers, startDnsForwarder, truncateAnswer, type Nameserver } from './dns-forwarder.ts';

const query = Buffer.from('abcd01000001000000000000076578616d706c65036f72670000010001', 'hex');

/** A nameserver on the loopback, as a stub resolver would be; answers with the query and a mark. */
async function nameserver(
  answers: boolean,
): Promise<{ at: Nameserver; socket: Socket; asked: () => number }> {
  let asked = 0;
  const socket = createSocket('udp4', (message, from) => {
    asked += 1;
    if (answers) socket.send(Buffer.concat([message, Buffer.from('answer')]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { at: { address: '127.0.0.1', port: socket.address().port }, socket, asked: () => asked };
}

test('a query goes to the nameserver and its answer comes back', async () => {
  const server = await nameserver(true);
  await using forwarder = await startDnsForwarder(() => [server.at]);
  assert.deepEqual(await forwarder.ask(query), Buffer.concat([query, Buffer.from('answer')]));
  server.socket.close();
});

test('a nameserver that is not there makes way for the next', async () => {
  const gone = await nameserver(true);
  gone.socket.close();
  const server = await nameserver(true);
  await using forwarder = await startDnsForwarder(() => [gone.at, server.at]);
  assert.ok((await forwarder.ask(query)) !== undefined);
  server.socket.close();
});

test('open queries are bounded and end with the forwarder', async () => {
  const server = await nameserver(false);
  const forwarder = await startDnsForwarder(() => [server.at]);
  const open = Array.from({ length: 128 }, () => forwarder.ask(query));
  assert.equal(await forwarder.ask(query), undefined, 'one too many');
  assert.equal(await forwarder.ask(Buffer.alloc(3)), undefined, 'not a query');
  await forwarder[Symbol.asyncDispose]();
  assert.deepEqual(new Set(await Promise.all(open)), new Set([undefined]));
  server.socket.close();
});

test('DNS over TCP is handed through', { timeout: 10_000 }, async () => {
  const upstream = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(
    0,
    '127.0.0.1',
  );
  await once(upstream, 'listening');
  const address = upstream.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await using forwarder = await startDnsForwarder(() => [{ address: '127.0.0.1', port }]);
  const client = connect(forwarder.tcpPort, '127.0.0.1');
  client.end('question');
  assert.equal(String(Buffer.concat(await client.toArray())), 'question');
  upstream.close();
});

test('an answer that does not fit is cut to its question, with the truncated bit', () => {
  const answer = Buffer.concat([query, Buffer.alloc(2000)]);
  answer.writeUInt16BE(0x8180, 2);
  answer.writeUInt16BE(9, 6);
  const cut = truncateAnswer(query, answer);
  assert.equal(cut.length, query.length);
  assert.equal(cut.readUInt16BE(0), 0xabcd);
  assert.equal(cut.readUInt16BE(2), 0x8380);
  assert.equal(cut.readUInt16BE(6), 0);
});

test("the host's nameservers are read with their ports", () => {
  for (const server of hostNameservers()) {
    assert.ok(server.port > 0);
    assert.doesNotMatch(server.address, /[[\]]/);
  }
});
