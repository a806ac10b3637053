import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { openTlsIdentity, type TlsIdentity } from '../identity/keys/tls-identity.ts';
import { ArmError } from '../arm/arm-error.ts';
import { readBytes } from './arm/read-body.ts';
import { listen, type Listener, type ListenLimits } from './listen.ts';

const mebibyte = 1024 * 1024;
const piece = Buffer.alloc(64 * 1024, 'x');

describe('a body that nobody wants', { timeout: 300_000 }, () => {
  let folder: string;
  let tls: TlsIdentity;
  let listener: Listener;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'goldsmith-listen-'));
    tls = await openTlsIdentity({ folder, now: () => new Date() });
    listener = await start();
  });
  after(async () => {
    await listener[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const framing of ['a stated length', 'chunks'] as const) {
    for (const pace of ['quickly', 'slowly'] as const) {
      test(`its client always reads the refusal: ten megabytes sent ${pace} with ${framing}`, async () => {
        for (let round = 0; round < 30; round += 1) {
          assert.deepEqual(await upload({ framing, pace, path: '/limited' }), [
            413,
            'RequestContentTooLarge',
          ]);
          assert.deepEqual(await upload({ framing, pace, path: '/unread' }), [403, 'No']);
        }
      });
    }
  }

  test('the connection serves the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (const path of ['/limited', '/unread', '/limited']) {
        await upload({ framing: 'chunks', pace: 'quickly', path, agent });
      }
      const [socket, ...others] = Object.values(agent.freeSockets).flat();
      assert.ok(socket !== undefined && others.length === 0);
      assert.ok(socket.bytesWritten > 3 * 10 * mebibyte);
    } finally {
      agent.destroy();
    }
  });

  test('a client that stops in the middle is answered and cut off', async () => {
    await using impatient = await start({
      unreadBody: { maxBytes: 64 * mebibyte, totalMs: 60_000, idleMs: 200 },
    });
    const socket = await connected(impatient);
    socket.write(head('/unread', 'Content-Length: 1000000'));
    socket.write(piece);
    assert.match(await everythingFrom(socket), /^HTTP\/1\.1 403 .*\r\nconnection: close\r\n/is);
  });

  test('a client that never ends is answered and cut off', async () => {
    await using strict = await start({
      unreadBody: { maxBytes: mebibyte, totalMs: 60_000, idleMs: 60_000 },
    });
    const socket = await connected(strict);
    const answer = everythingFrom(socket);
    socket.write(head('/unread', `Content-Length: ${1024 * mebibyte}`));
    let sent = 0;
    while (socket.writable && !socket.readableEnded) {
      socket.write(piece);
      sent += piece.length;
      await nextTurn();
      assert.ok(sent < 1024 * mebibyte, 'the server took everything');
    }
    await answer;
  });

  test('a client that is too slow for its own request is cut off', async () => {
    await using strict = await start({ requestTimeoutMs: 300 });
    const socket = await connected(strict);
    socket.write(head('/limited', 'Content-Length: 1000'));
    socket.write('x');
    assert.match(await everythingFrom(socket), /^HTTP\/1\.1 4\d\d /);
  });

  async function start(limits: Partial<ListenLimits> = {}): Promise<Listener> {
    return listen({
      ...{ host: '127.0.0.1', port: 0, limits },
      certificate: tls.certificate,
      privateKey: tls.privateKey,
      fetch: answer,
    });
  }

  async function connected({ port }: Listener): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port, ca: tls.authority });
    await once(socket, 'secureConnect');
    // A cut connection may end in a reset; what came before is what counts.
    socket.on('error', () => undefined);
    return socket;
  }

  interface Upload {
    readonly framing: 'a stated length' | 'chunks';
    readonly pace: 'quickly' | 'slowly';
    readonly path: string;
    readonly agent?: Agent;
  }

  /** Status and body of the answer, from a client that reads only after it has sent everything. */
  async function upload({ framing, pace, path, agent }: Upload): Promise<readonly [number, string]> {
    const size = 10 * mebibyte;
    const call = request({
      ...{ host: '127.0.0.1', port: listener.port, ca: tls.authority, method: 'PUT', path },
      agent: agent ?? false,
      headers: framing === 'chunks' ? {} : { 'Content-Length': size },
    });
    const answered = once(call, 'response');
    for (let sent = 0; sent < size; sent += piece.length) {
      const drained = call.write(piece) ? undefined : once(call, 'drain');
      await drained;
      if (pace === 'slowly') await nextTurn();
    }
    call.end();
    const [response] = await answered;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return [response.statusCode, text];
  }
});

async function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname === '/unread') return new Response('No', { status: 403 });
  try {
    await readBytes(request, mebibyte);
    return new Response('Taken');
  } catch (error) {
    assert.ok(error instanceof ArmError);
    return new Response(error.detail.code, { status: error.status });
  }
}

function head(path: string, ...lines: readonly string[]): string {
  return [`PUT ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
}

/** Until the server closes. */
async function everythingFrom(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return text;
}
