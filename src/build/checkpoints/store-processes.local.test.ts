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
const KILLS = 6;
/** A chain over an old one, another chain, its removal, and one more: so many renames, and a few to spare. */
const RENAMES = 20;
const YEAR_MS = 365 * 24 * 3_600_000;

async function withScene(use: (scene: CheckpointScene, root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-checkpoints-'));
  try {
    using scene = makeCheckpointScene({ root });
    scene.clock.nowMs += YEAR_MS; // ahead of all programs
    await use(scene, root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('processes that are killed at any moment leave whole entries and whole chains', async () => {
  await withScene(async (scene, root) => {
    let seen = 0;
    for (let seed = 0; seed < KILLS; seed += 1) {
      await runAndKill([root, String(seed)], 1 + seed);
      seen += await checkAll(scene);
    }
    assert.ok(seen > 0, 'there was something to look at');
    await scene.store.prune({ maxIdleMs: 2 * YEAR_MS, signal });
    assert.ok((await checkAll(scene)) > 0);
    assert.deepEqual(readdirSync(scene.layout.staging), []);
  });
});

test('a process that dies before any of its renames leaves whole entries and whole chains', async () => {
  await withScene(async (scene, root) => {
    for (let rename = 1; rename <= RENAMES; rename += 1) {
      await runAndKill([root, String(rename), String(rename)], Infinity);
      await checkAll(scene);
    }
    await scene.store.prune({ limitBytes: 0, maxIdleMs: 2 * YEAR_MS, signal });
    assert.deepEqual([readdirSync(scene.layout.entries), readdirSync(scene.layout.staging)], [[], []]);
  });
});

test('two processes at once leave whole entries and whole chains', async () => {
  await withScene(async (scene, root) => {
    await Promise.all([runAndKill([root, '0'], 30), runAndKill([root, '0'], 30)]);
    assert.ok((await checkAll(scene)) > 0);
  });
});

/** Lets the program make `changes` changes and kills it at a random moment of one that follows. */
async function runAndKill(args: readonly string[], changes: number): Promise<void> {
  const child: ChildProcess = startProcess([process.execPath, program, ...args], {
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
