/** Several processes on one store, and processes that are killed in the middle of it. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startProcess } from '../../host/command.ts';
import { hasDigest } from './file-digest.ts';
import { readManifest, type CheckpointManifest } from './manifest.ts';
import { makeCheckpointScene, type CheckpointScene } from './testing/checkpoint-scene.ts';

const signal = AbortSignal.timeout(600_000);
const program = join(import.meta.dirname, 'testing', 'publish-and-drop.ts');
const KILLS = 12;
const YEAR_MS = 365 * 24 * 3_600_000;

test('processes that are killed at any moment leave whole entries and whole chains', async () => {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-checkpoints-'));
  try {
    using scene = makeCheckpointScene({ root });
    scene.clock.nowMs += YEAR_MS; // ahead of all programs
    let seen = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await runAndKill(root, kill);
      seen += await checkAll(scene);
    }
    assert.ok(seen > 0, 'there was something to look at');
    await scene.store.prune({ maxIdleMs: 2 * YEAR_MS, signal });
    await checkAll(scene);
    assert.deepEqual(readdirSync(scene.layout.staging), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('two processes at once leave whole entries and whole chains', async () => {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-checkpoints-'));
  try {
    using scene = makeCheckpointScene({ root });
    scene.clock.nowMs += YEAR_MS;
    await Promise.all([runAndKill(root, 0, 30), runAndKill(root, 0, 30)]);
    assert.ok((await checkAll(scene)) > 0);
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** Lets the program make a few changes and kills it at a random moment of one that follows. */
async function runAndKill(root: string, seed: number, changes = 1 + (seed % 6)): Promise<void> {
  const child: ChildProcess = startProcess([process.execPath, program, root, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout);
  const exited = once(child, 'exit');
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    assert.match(line, /^(boot|step|dropped) /);
    lines += 1;
    if (lines !== changes) continue;
    await delay(Math.random() * 60); // any moment is as good as any other: nothing below depends on it
    child.kill('SIGKILL');
  }
  const [code, signalName]: unknown[] = await exited;
  assert.deepEqual([code, signalName], [null, 'SIGKILL'], 'the program did not end by itself');
}

/** Looks at the bytes, past the rules of the store by which odd entries count as absent. */
async function checkAll(scene: CheckpointScene): Promise<number> {
  const names = readdirSync(scene.layout.entries);
  const manifests = new Map<string, CheckpointManifest>();
  for (const name of names) {
    const folder = join(scene.layout.entries, name);
    const manifest = await readManifest(folder);
    assert.ok(manifest, `${name} has a manifest`);
    manifests.set(name, manifest);
    for (const file of manifest.files) {
      assert.ok(await hasDigest(join(folder, file.name), file, signal), `${manifest.title}: ${file.name}`);
    }
  }
  for (const { title, parent } of manifests.values()) {
    if (parent !== undefined) assert.equal(manifests.get(parent.key)?.id, parent.id, `what ${title} lies on`);
  }
  assert.equal((await scene.store.list()).length, names.length);
  return names.length;
}
