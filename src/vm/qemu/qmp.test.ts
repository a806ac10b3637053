import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { QmpClient } from './qmp.ts';

/** A scripted QEMU: greets, then answers each command with the next reply. */
function fakeQemu(replies: readonly string[]): {
  client: QmpClient;
  send: (text: string) => void;
  end: () => void;
} {
  const [near, far] = duplexPair();
  const queue = [...replies];
  far.on('data', () => {
    const reply = queue.shift();
    if (reply !== undefined) far.write(reply);
  });
  const client = new QmpClient(near);
  far.write('{"QMP":{"version":{}}}\r\n');
  return { client, send: (text) => far.write(text), end: () => far.end() };
}

test('commands are answered in order and errors carry the description of QEMU', async () => {
  const { client } = fakeQemu([
    '{"return":{}}\n',
    '{"return":{"status":"running"}}\n',
    '{"error":{"class":"GenericError","desc":"no such thing"}}\n',
  ]);
  await client.negotiate();
  assert.deepEqual(await client.execute('query-status'), { status: 'running' });
  await assert.rejects(client.execute('nonsense'), /no such thing/);
});

test('events reach listeners, also when a line comes in pieces', async () => {
  const { client, send } = fakeQemu(['{"return":{}}\n']);
  await client.negotiate();
  const seen = new Promise((resolve) => {
    client.onEvent(resolve);
  });
  send('{"event":"SHUT');
  send('DOWN","data":{"guest":true},"timestamp":{}}\n');
  assert.deepEqual(await seen, { name: 'SHUTDOWN', data: { guest: true } });
});

test('a command that waits when the connection closes fails instead of hanging', async () => {
  const { client, end } = fakeQemu(['{"return":{}}\n']);
  await client.negotiate();
  const waiting = client.execute('query-status');
  end();
  await assert.rejects(waiting, /closed its monitor/);
  await assert.rejects(client.execute('query-status'), /closed its monitor/);
});

test('garbage in place of QMP fails the connection', async () => {
  const { client, send } = fakeQemu([]);
  const waiting = client.negotiate();
  send('hello\n');
  await assert.rejects(waiting, /not QMP/);
});
