import assert from 'node:assert/strict';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { serveNbd } from './nbd-export.ts';

const content = Buffer.from('0123456789abcdef');
const source = {
  sizeBytes: content.length,
  read: async (offset: number, length: number): Promise<Buffer> => content.subarray(offset, offset + length),
};

/** Sends `pieces`, hangs up, and gives everything that the server said. */
async function talk(...pieces: readonly Buffer[]): Promise<Buffer> {
  const [client, server] = duplexPair();
  const said = listen(client);
  for (const piece of pieces) client.write(piece);
  client.end();
  await serveNbd(server, source);
  return Buffer.concat(said);
}

/** Everything that arrives, as it arrives. The server is done only when all of it has been taken. */
function listen(stream: Duplex): readonly Buffer[] {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

const hello = Buffer.from([0, 0, 0, 3]); // fixed newstyle, no zeroes

function option(code: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16);
  head.write('IHAVEOPT', 0, 'latin1');
  head.writeUInt32BE(code, 8);
  head.writeUInt32BE(data.length, 12);
  return Buffer.concat([head, data]);
}

function request(command: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(0x2560_9513, 0);
  bytes.writeUInt16BE(command, 6);
  bytes.write('myhandle', 8, 'latin1');
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}

/** The 18 bytes of greeting and the 10 of the old export option. */
const OPENED = 28;

test('a client reads by the old and the new way of choosing the export', async () => {
  const old = await talk(hello, option(1), request(0, 4, 6), request(2, 0, 0));
  assert.equal(old.toString('latin1', 0, 16), 'NBDMAGICIHAVEOPT');
  assert.equal(old.toString('hex', OPENED, OPENED + 8), '6744669800000000');
  assert.equal(old.toString('latin1', OPENED + 8), 'myhandle456789');
  const go = await talk(hello, option(8), option(7, Buffer.alloc(6)), request(0, 10, 6), request(2, 0, 0));
  assert.equal(go.toString('hex', 30, 34), '80000001'); // structured replies: not supported
  assert.ok(go.toString('latin1').endsWith('myhandleabcdef'));
});

test('reads beyond the end are invalid, and the session goes on', async () => {
  const said = await talk(hello, option(1), request(0, 10, 7), request(0, 2 ** 60, 1), request(0, 15, 1));
  const replies = said.subarray(OPENED);
  assert.equal(replies.readUInt32BE(4), 22);
  assert.equal(replies.readUInt32BE(16 + 4), 22);
  assert.equal(replies.toString('latin1', 32 + 8), 'myhandlef');
});

test('a write is not permitted and ends the session', async () => {
  const said = await talk(hello, option(1), request(1, 0, 28), request(0, 0, 16), request(0, 0, 1));
  assert.equal(said.readUInt32BE(OPENED + 4), 1);
  assert.equal(said.length, OPENED + 16);
});

test('a peer that talks nonsense is cut off', async () => {
  assert.equal((await talk(Buffer.alloc(64, 0x41))).length, 18);
  assert.equal((await talk(hello, Buffer.alloc(64, 0x41))).length, 18);
  const hugeOption = option(7);
  hugeOption.writeUInt32BE(0xffff_ffff, 12);
  assert.equal((await talk(hello, hugeOption)).length, 18);
  assert.equal((await talk(hello, option(1), Buffer.alloc(28, 0x41))).length, OPENED);
  assert.equal((await talk()).length, 18);
});

test('a source that fails cuts the peer off and is reported', async () => {
  const [client, server] = duplexPair();
  const failing = { sizeBytes: 16, read: () => Promise.reject(new Error('gone')) };
  const said = listen(client);
  client.write(Buffer.concat([hello, option(1), request(0, 0, 1)]));
  await assert.rejects(serveNbd(server, failing), /gone/);
  assert.equal(Buffer.concat(said).length, OPENED);
});
