import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentBuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';
import { MIB } from '../../model/sizes.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { runConfinedQemuImg, servedNode } from './confined-qemu-img.ts';

const signal = new AbortController().signal;
const content = Buffer.alloc(MIB, 7);
const source = {
  sizeBytes: content.length,
  read: async (offset: number, length: number): Promise<Buffer> => content.subarray(offset, offset + length),
};
const run = { buildUser: currentBuildUser(), source, maxFileBytes: MIB, timeoutMs: 20_000, signal };
const served = `json:${JSON.stringify({ driver: 'raw', file: servedNode })}`;

test('the program reads the bytes that are served', async () => {
  const info: unknown = JSON.parse(await runConfinedQemuImg(['info', '--output=json', served], run));
  assert.ok(typeof info === 'object' && info !== null && 'virtual-size' in info);
  assert.equal(info['virtual-size'], MIB);
});

test('an error of the source ends the program and is the error of the run', async (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o777);
  const failing = { sizeBytes: MIB, read: () => Promise.reject(new Error('the disk fell over')) };
  const args = ['convert', '-O', 'raw', served, join(folder, 'copy')];
  await assert.rejects(runConfinedQemuImg(args, { ...run, source: failing }), /the disk fell over/);
});

test('started by root, the program may not read what only root may', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root');
  const folder = scratchFolder(t);
  const path = join(folder, 'private');
  writeFileSync(path, content, { mode: 0o600 });
  chmodSync(folder, 0o755);
  await assert.rejects(runConfinedQemuImg(['info', '-f', 'raw', path], run), /Permission denied/);
});

test('the program cannot make a connection', async (t) => {
  const probe = process.getuid?.() === 0 ? ['--net'] : ['--map-current-user', '--net'];
  const { exitCode } = await runCommand(['unshare', ...probe, 'true'], { okExitCodes: [0, 1] });
  if (exitCode !== 0) return t.skip('network namespaces are not allowed here');
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const name = `nbd:127.0.0.1:${address.port}`;
  await assert.rejects(runCommand(['qemu-img', 'info', name]));
  assert.equal(connections, 1);
  await assert.rejects(runConfinedQemuImg(['info', name], run), /unreachable/i);
  assert.equal(connections, 1);
});

test('the program cannot make a file longer than allowed', async (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o777);
  const path = join(folder, 'big');
  await assert.rejects(
    runConfinedQemuImg(['create', '-q', '-f', 'raw', path, '2M'], run),
    /exit code|File too large/,
  );
  await runConfinedQemuImg(['create', '-q', '-f', 'raw', path, '1M'], run);
});
