import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Checksum } from './checksums.ts';
import { downloadFile, downloadText, type DownloadLimits } from './download.ts';

const content = Buffer.alloc(300_000, 'disk image ');
const right: Checksum = { algorithm: 'sha256', hex: createHash('sha256').update(content).digest('hex') };
const wrong: Checksum = { algorithm: 'sha256', hex: '0'.repeat(64) };
const quick: Partial<DownloadLimits> = { retryDelaysMs: [1, 1] };
const signal = AbortSignal.timeout(60_000);

let work: string;
let path: string;
let server: Server;
let base: string;
let handle: RequestListener = () => undefined;
let requests = 0;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'download-'));
  path = join(work, 'disk.img');
  server = createServer((request, response) => {
    requests += 1;
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${portOf(server)}`;
});

after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(work, { recursive: true, force: true });
});

function portOf(listening: Server): number {
  const address = listening.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

function serve(listener: RequestListener): void {
  handle = listener;
  requests = 0;
}

test('a file with the right checksum arrives and its progress is told', async () => {
  serve((_, response) => response.setHeader('content-length', content.length).end(content));
  const progress: [number, number | undefined][] = [];
  const onProgress = (done: number, total: number | undefined): void => void progress.push([done, total]);
  await downloadFile(`${base}/x`, path, right, { signal, limits: quick, onProgress });
  assert.deepEqual(await readFile(path), content);
  assert.deepEqual(progress.at(-1), [content.length, content.length]);
});

test('a wrong checksum is final and leaves no file', async () => {
  serve((_, response) => response.end(content));
  await assert.rejects(downloadFile(`${base}/x`, path, wrong, { signal, limits: quick }), {
    code: 'ChecksumMismatch',
  });
  assert.equal(requests, 1);
  assert.equal(existsSync(path), false);
});

test('a body that breaks off is fetched again from its start', async () => {
  serve((_, response) => {
    response.setHeader('content-length', content.length);
    if (requests === 3) response.end(content);
    else response.write(content.subarray(0, 100_000), () => response.destroy());
  });
  await downloadFile(`${base}/x`, path, right, { signal, limits: quick });
  assert.equal(requests, 3);
  assert.deepEqual(await readFile(path), content);
});

test('a body that always breaks off fails after the last attempt', async () => {
  serve((_, response) => {
    response.setHeader('content-length', content.length);
    response.write(content.subarray(0, 1000), () => response.destroy());
  });
  await assert.rejects(downloadFile(`${base}/x`, path, right, { signal, limits: quick }), {
    code: 'DownloadFailed',
    message: /in 3 attempts/,
  });
  assert.equal(existsSync(path), false);
});

test('a refusal is final, a server in trouble is asked again', async () => {
  serve((_, response) => response.writeHead(404).end());
  await assert.rejects(downloadText(`${base}/x`, { signal, limits: quick }), {
    code: 'DownloadFailed',
    message: /404 Not Found/,
  });
  assert.equal(requests, 1);
  serve((_, response) => response.writeHead(requests < 3 ? 503 : 200).end('sums'));
  assert.equal(await downloadText(`${base}/x`, { signal, limits: quick }), 'sums');
  assert.equal(requests, 3);
});

test('redirects are followed, but not for ever', async () => {
  serve((request, response) =>
    request.url === '/end' ? response.end('here') : response.writeHead(302, { location: '/end' }).end(),
  );
  assert.equal(await downloadText(`${base}/start`, { signal, limits: quick }), 'here');
  serve((_, response) => response.writeHead(301, { location: '/loop' }).end());
  await assert.rejects(downloadText(`${base}/loop`, { signal, limits: { ...quick, maxRedirects: 4 } }), {
    code: 'DownloadFailed',
    message: /redirects more than 4 times/,
  });
  assert.equal(requests, 5);
});

test('a redirect to something that is not the web is refused', async () => {
  serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
  await assert.rejects(downloadText(`${base}/x`, { signal, limits: quick }), { code: 'DownloadFailed' });
});

test('a file over the limit is refused, announced or not', async () => {
  const limits = { ...quick, maxBytes: 1000 };
  serve((_, response) => response.setHeader('content-length', content.length).end(content));
  await assert.rejects(downloadFile(`${base}/x`, path, right, { signal, limits }), {
    message: /larger than/,
  });
  serve((_, response) => {
    response.write(content);
    response.end();
  });
  await assert.rejects(downloadFile(`${base}/x`, path, right, { signal, limits }), {
    message: /larger than/,
  });
  assert.equal(requests, 1);
  assert.equal(existsSync(path), false);
});

test('a server that falls silent is given up', async () => {
  serve((_, response) => void response.write('first bytes'));
  const limits = { retryDelaysMs: [], idleTimeoutMs: 50 };
  await assert.rejects(downloadText(`${base}/x`, { signal, limits }), {
    message: /no data for 0.05 seconds/,
  });
});

test('nobody there is a failed download with the reason', async () => {
  serve(() => undefined);
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const port = portOf(closed);
  closed.close();
  await assert.rejects(downloadText(`http://127.0.0.1:${port}/`, { signal, limits: quick }), {
    code: 'DownloadFailed',
    message: /ECONNREFUSED/,
  });
});

test('cancelling ends a download in the body and between attempts', async () => {
  const inBody = new AbortController();
  serve((_, response) => void response.write('x', () => inBody.abort()));
  await assert.rejects(downloadFile(`${base}/x`, path, right, { signal: inBody.signal }), {
    code: 'Cancelled',
  });
  const between = new AbortController();
  serve((_, response) => {
    response.writeHead(503).end();
    setImmediate(() => between.abort());
  });
  await assert.rejects(
    downloadText(`${base}/x`, { signal: between.signal, limits: { retryDelaysMs: [600_000] } }),
    { code: 'Cancelled' },
  );
});
