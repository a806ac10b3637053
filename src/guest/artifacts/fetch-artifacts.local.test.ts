import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { Customizer } from '../../model/image-template.ts';
import { DEFAULT_DOWNLOAD_POLICY } from './download.ts';
import { fetchArtifacts, type FetchOptions } from './fetch-artifacts.ts';

const server = createServer((request, response) => answer(request, response));
let answer: RequestListener;
let requests: string[];
let folder: string;
let base: string;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  base = `http://127.0.0.1:${address.port}`;
  folder = mkdtempSync(join(tmpdir(), 'goldsmith-artifacts-'));
});
after(async () => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  requests = [];
  answer = (request, response) => {
    requests.push(request.url ?? '');
    response.end(`content of ${request.url}`);
  };
});

const quick = { ...DEFAULT_DOWNLOAD_POLICY, firstPauseMs: 1, longestPauseMs: 2 };

async function fetching(customize: readonly Customizer[], options: Partial<FetchOptions> = {}) {
  return fetchArtifacts(
    { customize, validate: undefined },
    {
      templateFolder: folder,
      destination: join(folder, 'run'),
      signal: AbortSignal.timeout(30_000),
      policy: quick,
      ...options,
    },
  );
}

const script = (uri: string, sha256?: string): Customizer => ({
  type: 'Shell',
  name: 'install',
  script: { from: 'uri', uri, sha256 },
});
const file = (sourceUri: string, sha256?: string): Customizer => ({
  type: 'File',
  name: undefined,
  sourceUri,
  sha256,
  destination: '/tmp/x',
});
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a URI used twice is downloaded once, and both uses find it', async () => {
  const artifacts = await fetching([
    script(`${base}/a?sig=1`, sha256('content of /a?sig=1')),
    file(`${base}/a?sig=1`),
  ]);
  const artifact = artifacts.get(`${base}/a?sig=1`);
  assert.ok(artifact);
  assert.equal(readFileSync(artifact.localPath, 'utf8'), 'content of /a?sig=1');
  assert.equal(artifact.sizeBytes, 19);
  assert.deepEqual(requests, ['/a?sig=1']);
});

test('paths are taken from the template folder, and file addresses work', async () => {
  writeFileSync(join(folder, 'local.sh'), 'echo hi');
  const address = pathToFileURL(join(folder, 'local.sh')).href;
  const artifacts = await fetching([script('local.sh', sha256('echo hi')), file(address)]);
  for (const uri of ['local.sh', address]) {
    assert.equal(readFileSync(artifacts.get(uri)?.localPath ?? '', 'utf8'), 'echo hi');
  }
});

test('every failure is listed with its customizer, and no credential shows', async () => {
  answer = (_, response) => {
    response.statusCode = 403;
    response.end();
  };
  const error = await caught(
    fetching([script(`${base}/a?sig=secret`), file('missing.txt'), file('ftp://u:secret@h/x')]),
  );
  assert.equal(error.code, 'DownloadFailed');
  assert.deepEqual(
    error.details.map((detail) => [detail.code, detail.target]),
    [
      ['DownloadFailed', '$.properties.customize[0].scriptUri'],
      ['DownloadFailed', '$.properties.customize[1].sourceUri'],
      ['BadTemplate', '$.properties.customize[2].sourceUri'],
    ],
  );
  assert.match(error.message, /customizer 1 \(Shell "install"\).*sig=\*\*\*.*HTTP status 403 \(and 2 more\)/);
  assert.doesNotMatch(JSON.stringify([error.message, error.details, error.internal]), /secret/);
});

test('a clear no is not asked again; a busy server is asked ten times', async () => {
  let status = 404;
  answer = (request, response) => {
    requests.push(request.url ?? '');
    response.statusCode = status;
    response.end();
  };
  await caught(fetching([script(`${base}/x`)]));
  assert.equal(requests.length, 1);
  requests = [];
  status = 503;
  const error = await caught(fetching([script(`${base}/x`)]));
  assert.equal(requests.length, 10);
  assert.match(error.message, /attempt 10 of 10\] failed: HTTP status 503/);
});

test('a download that breaks off is begun again and ends whole', async () => {
  answer = (request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-length', 8);
    if (requests.length > 2) {
      response.end('complete');
      return;
    }
    response.write('comp', () => response.destroy());
  };
  const retries: string[] = [];
  const artifacts = await fetching([script(`${base}/x`)], { onRetry: (message) => retries.push(message) });
  assert.equal(readFileSync(artifacts.get(`${base}/x`)?.localPath ?? '', 'utf8'), 'complete');
  assert.equal(retries.length, 2);
});

test('a download that stalls is begun again', async () => {
  answer = (request, response) => {
    requests.push(request.url ?? '');
    if (requests.length > 1) response.end('done');
    else response.write('d');
  };
  const artifacts = await fetching([script(`${base}/x`)], { policy: { ...quick, stallMs: 100 } });
  assert.equal(artifacts.get(`${base}/x`)?.sizeBytes, 4);
});

test('redirects are followed up to a bound', async () => {
  answer = (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) {
      response.end('there');
      return;
    }
    response.statusCode = 302;
    response.setHeader('location', `/${left - 1}`);
    response.end();
  };
  assert.equal((await fetching([script(`${base}/10`)])).get(`${base}/10`)?.sizeBytes, 5);
  assert.match((await caught(fetching([script(`${base}/11`)]))).message, /more than 10 redirects/);
});

test('a wrong checksum and a file too large stop the build before it starts', async () => {
  const wrong = await caught(fetching([script(`${base}/a`, '0'.repeat(64))]));
  assert.equal(wrong.code, 'ChecksumMismatch');
  assert.match(wrong.message, new RegExp(`${sha256('content of /a')}, not 0{64}`));
  const large = await caught(fetching([script(`${base}/a`)], { policy: { ...quick, maxBytes: 3 } }));
  assert.match(large.message, /larger than 3 B/);
});

test('local files are refused where only downloads are allowed', async () => {
  const error = await caught(fetching([script('/etc/passwd')], { templateFolder: undefined }));
  assert.equal(error.code, 'BadTemplate');
});

test('a cancelled fetch ends at once', async () => {
  const abort = new AbortController();
  answer = () => abort.abort();
  await assert.rejects(fetching([script(`${base}/x`)], { signal: abort.signal }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});

async function caught(promise: Promise<unknown>): Promise<GoldsmithError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GoldsmithError, String(error));
    return error;
  }
  throw new Error('nothing was thrown');
}
