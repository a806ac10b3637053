import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { runCommand, startProcess } from '../../host/command.ts';
import { openImageStore } from './image-store.ts';
import { makePatternDisk } from './testing/pattern-disk.ts';

const program = join(import.meta.dirname, 'testing', 'publish-versions.ts');
const signal = AbortSignal.timeout(120_000);
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'image-store-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

test('two processes that publish at once get different versions without gaps', async () => {
  const images = join(work, 'two');
  const publish = async (): Promise<string[]> => {
    const { stdout } = await runCommand([process.execPath, program, images, work, '8'], { signal });
    return stdout.trim().split('\n');
  };
  const [one, two] = await Promise.all([publish(), publish()]);
  const expected = Array.from({ length: 16 }, (_, index) => `1.0.${index + 1}`);
  assert.deepEqual(new Set([...(one ?? []), ...(two ?? [])]), new Set(expected));
  using store = openImageStore({ images });
  for (const image of store.list()) await store.verify(image, signal);
  assert.equal(store.list().length, 16);
});

test('a process killed while it publishes leaves only whole images, and its rests are collected', async () => {
  const images = join(work, 'killed');
  for (const killAfter of [0, 1, 2, 5]) {
    const child = startProcess([process.execPath, program, images, work, '1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(child.stdout);
    const exited = once(child, 'exit');
    let lines = 0;
    for await (const _ of createInterface({ input: child.stdout })) {
      lines += 1;
      if (lines > killAfter) child.kill('SIGKILL');
    }
    await exited;
  }
  using store = openImageStore({ images });
  const before = store.list();
  assert.ok(before.length >= 12, `${before.length} images`);
  store.collectGarbage();
  assert.deepEqual(readdirSync(join(images, 'sessions')), []);
  assert.equal(readdirSync(join(images, 'blobs')).length, before.length);
  for (const image of before) await store.verify(image, signal);
});

test('content that a killed collector had put aside comes back when it is in use', async () => {
  const images = join(work, 'aside');
  using store = openImageStore({ images });
  const disk = await makePatternDisk(work, 'aside');
  const facts = await store.addContent(disk, { move: true, signal });
  const hex = facts.digest.split(':')[1] ?? '';
  const trash = join(
    images,
    'sessions',
    '0123456789abcdef-1-1-00000000-0000-0000-0000-000000000000',
    'trash',
  );
  await mkdir(trash, { recursive: true });
  await rename(join(images, 'blobs', hex), join(trash, hex));
  assert.deepEqual(store.collectGarbage().removed, []);
  assert.equal((await stat(facts.path)).size, facts.virtualSizeBytes);
});
