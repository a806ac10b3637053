import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { attachTerminal } from './attach-terminal.ts';
import { memoryIo } from './testing/memory-io.ts';

test('keys go to the guest and its output to the screen, until the guest closes', async () => {
  const io = memoryIo({ tty: true });
  const [ours, guest] = duplexPair();
  guest.on('data', (keys: Buffer) => guest.end(`got ${keys.toString()}`));
  const attached = attachTerminal(io, ours, { endWithInput: true }, new AbortController().signal);
  io.keys.write('ls\r');
  assert.equal(await attached, 'remote-closed');
  assert.equal(io.stdout.text(), 'got ls\r');
  assert.deepEqual(io.rawModes, [true, false]);
});

test('Ctrl-] ends it and gives the terminal back', async () => {
  const io = memoryIo({ tty: true });
  const [ours] = duplexPair();
  const attached = attachTerminal(io, ours, { endWithInput: true }, new AbortController().signal);
  io.keys.write('\u001D');
  assert.equal(await attached, 'escape-key');
  assert.deepEqual(io.rawModes, [true, false]);
  assert.equal(io.keys.listenerCount('data'), 0);
});

test('in a pipe Ctrl-] is a byte like any other and the end of input ends the input of the guest', async () => {
  const io = memoryIo();
  const [ours, guest] = duplexPair();
  const chunks: Buffer[] = [];
  guest.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => guest.end());
  const attached = attachTerminal(io, ours, { endWithInput: true }, new AbortController().signal);
  io.keys.end('a\u001Db');
  assert.equal(await attached, 'remote-closed');
  assert.equal(Buffer.concat(chunks).toString(), 'a\u001Db');
});

test('cancelling ends it', async () => {
  const io = memoryIo({ tty: true });
  const [ours] = duplexPair();
  const controller = new AbortController();
  const attached = attachTerminal(io, ours, { endWithInput: true }, controller.signal);
  controller.abort();
  assert.equal(await attached, 'cancelled');
  assert.deepEqual(io.rawModes, [true, false]);
});
