/** The store on real files and with the real lock, in one process. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type { CheckpointEntry } from './read-entries.ts';
import { draftOf, keyOf, makeCheckpointScene, type CheckpointScene } from './testing/checkpoint-scene.ts';

const signal = AbortSignal.timeout(120_000);
const options = { signal };

async function addChain(scene: CheckpointScene): Promise<void> {
  const boot = await scene.add('boot', { files: { memory: 20 * MIB, state: 'device state' } });
  const one = await scene.add('one', { parent: boot, files: { memory: 'pages' } });
  await scene.add('two', { parent: one });
}

async function need(scene: CheckpointScene, name: string): Promise<CheckpointEntry> {
  const entry = await scene.store.find(keyOf(name));
  assert.ok(entry, `${name} is there`);
  return entry;
}

test('what was published is found again with its facts, its files and their digests', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const entry = await need(scene, 'boot');
  assert.deepEqual(
    entry.files.map(({ name, sizeBytes, digest }) => [name, sizeBytes, digest.split(':')[0]]),
    [
      ['disk.qcow2', 87_389, 'sha256'],
      ['memory', 20 * MIB, 'gs1-sha256'],
      ['state', 12, 'sha256'],
    ],
  );
  assert.deepEqual(
    [entry.machine, entry.inputs, entry.kind],
    [{ memoryBytes: 1024 }, { script: 'boot' }, 'boot'],
  );
  assert.ok(entry.sizeBytes < MIB, 'holes are not counted');
  assert.ok(entry.sizeBytes >= 64 * 1024);
  const chain = await scene.store.chain(await need(scene, 'two'));
  assert.deepEqual(
    chain?.map(({ title }) => title),
    ['boot', 'one', 'two'],
  );
  assert.deepEqual(readdirSync(scene.layout.staging), []);
});

test('a checkpoint is readable by its user alone, and its files cannot be written by mistake', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const { folder } = await need(scene, 'boot');
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  assert.deepEqual([mode(scene.layout.entries), mode(folder)], ['700', '700']);
  assert.deepEqual(
    readdirSync(folder).map((name) => [name, mode(join(folder, name))]),
    [
      ['disk.qcow2', '400'],
      ['manifest.json', '600'],
      ['memory', '600'],
      ['state', '400'],
      ['used', '600'],
    ],
  );
});

test('as root, the build user owns the files of a checkpoint but can neither rename nor redescribe them', async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('only root can give files away');
    return;
  }
  using scene = makeCheckpointScene({ user: { name: 'x', uid: 65_534, gid: 65_534, dropsPrivileges: true } });
  await using staged = await scene.store.stage(options);
  assert.equal(statSync(staged.folder).uid, 65_534);
  await scene.add('boot');
  const { folder } = await need(scene, 'boot');
  assert.deepEqual(
    ['', 'disk.qcow2', 'manifest.json'].map((name) => statSync(join(folder, name)).uid),
    [0, 65_534, 0],
  );
});

const damages: Readonly<Record<string, (folder: string) => void>> = {
  'a missing file': (folder) => rmSync(join(folder, 'memory')),
  'a truncated file': (folder) => truncateSync(join(folder, 'memory'), 3),
  'a file that is a link': (folder) => {
    rmSync(join(folder, 'memory'));
    symlinkSync('/etc/passwd', join(folder, 'memory'));
  },
  'no manifest': (folder) => rmSync(join(folder, 'manifest.json')),
  'a manifest that is cut off': (folder) => truncateSync(join(folder, 'manifest.json'), 40),
  'a manifest of another format': (folder) => edit(folder, '"format":1', '"format":2'),
  'a manifest with a path in it': (folder) => edit(folder, '"memory"', '"../memory"'),
  'another key than its name': (folder) => edit(folder, keyOf('one'), keyOf('other')),
  'a file in place of the folder': (folder) => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'no folder');
  },
};

function edit(folder: string, from: string, to: string): void {
  const path = join(folder, 'manifest.json');
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(path, text.replace(from, to));
}

for (const [damage, make] of Object.entries(damages)) {
  test(`an entry with ${damage} counts as absent with all that lies on it, and goes at the next prune`, async () => {
    using scene = makeCheckpointScene();
    await addChain(scene);
    make((await need(scene, 'one')).folder);
    assert.deepEqual(await scene.titles(), ['boot']);
    assert.equal(await scene.store.find(keyOf('one')), undefined);
    assert.equal(await scene.store.find(keyOf('two')), undefined);
    const removed = await scene.store.prune(options);
    assert.deepEqual(
      new Set(removed.map(({ key, reason }) => `${key} ${reason}`)),
      new Set(['one', 'two'].map((name) => `${keyOf(name)} damaged`)),
    );
    assert.deepEqual(readdirSync(scene.layout.entries), [keyOf('boot')]);
  });
}

test('an entry from the future counts as absent, one from a little ahead does not', async () => {
  using scene = makeCheckpointScene();
  await scene.add('a little', { createdAtMs: scene.clock.nowMs + 60_000 });
  await scene.add('far', { createdAtMs: scene.clock.nowMs + 600_000 });
  assert.deepEqual(await scene.titles(), ['a little']);
});

test('nothing is published on top of what is gone, or on top of another machine with the same key', async () => {
  using scene = makeCheckpointScene();
  const boot = await scene.add('boot');
  const again = await scene.add('boot');
  assert.equal(again.outcome, 'published');
  assert.equal((await scene.add('one', { parent: boot })).outcome, 'orphaned');
  assert.equal((await scene.add('one', { parent: again })).outcome, 'published');
  await scene.store.drop(boot.key, options);
  assert.equal((await scene.add('two', { parent: again })).outcome, 'orphaned');
  assert.deepEqual([await scene.titles(), readdirSync(scene.layout.staging)], [[], []]);
});

test('a later machine with the same key takes the place of the earlier one and of all that lay on it', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const other = await scene.add('other');
  const later = await scene.add('boot');
  assert.deepEqual(await scene.titles(), ['other', 'boot']);
  assert.deepEqual((await need(scene, 'boot')).id, later.id);
  const early = await scene.add('other', { createdAtMs: 1_000 });
  assert.equal(early.outcome, 'kept');
  assert.equal((await need(scene, 'other')).id, other.id);
});

test('two builds that make the same checkpoint at once keep the first one and what it carries', async () => {
  using scene = makeCheckpointScene();
  const keepFromMs = scene.clock.nowMs - 1; // both have looked, and neither has found anything
  const first = await scene.add('boot', { keepFromMs });
  const second = await scene.add('boot', { keepFromMs });
  assert.deepEqual([first.outcome, second.outcome], ['published', 'kept']);
  assert.equal((await scene.add('one', { parent: second, keepFromMs })).outcome, 'orphaned');
  assert.equal((await scene.add('one', { parent: first, keepFromMs })).outcome, 'published');
  const fresh = await scene.add('boot', { keepFromMs: scene.clock.nowMs });
  assert.equal(fresh.outcome, 'published');
  assert.deepEqual(await scene.titles(), ['boot']);
});

test('a damaged entry does not stand in the way of a new one', async () => {
  using scene = makeCheckpointScene();
  await scene.add('boot');
  mkdirSync(join(scene.layout.entries, keyOf('one')));
  rmSync(join((await need(scene, 'boot')).folder, 'disk.qcow2'));
  assert.equal((await scene.add('boot')).outcome, 'published');
  assert.deepEqual(readdirSync(scene.layout.entries), [keyOf('boot')]);
});

test('anything but a plain file is refused, and the staging folder is gone', async () => {
  using scene = makeCheckpointScene();
  for (const make of [
    (path: string) => symlinkSync('/etc/passwd', path),
    (path: string) => mkdirSync(path),
  ]) {
    await using staged = await scene.store.stage(options);
    make(join(staged.folder, 'disk.qcow2'));
    await assert.rejects(scene.store.publish(staged, draftOf('x', 1), options), (error) =>
      isGoldsmithError(error, 'Internal'),
    );
    assert.equal(existsSync(staged.folder), false);
  }
  assert.deepEqual(await scene.titles(), []);
});

test('cancelling ends a publication without a trace', async () => {
  using scene = makeCheckpointScene();
  const cancelled = AbortSignal.abort();
  await using staged = await scene.store.stage(options);
  writeFileSync(join(staged.folder, 'disk.qcow2'), 'x');
  await assert.rejects(scene.store.publish(staged, draftOf('x', 1), { signal: cancelled }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
  assert.deepEqual([await scene.titles(), readdirSync(scene.layout.staging)], [[], []]);
});

test('a claim has its own names for the layers, bottom-up, and for the files asked for; eviction does it no harm', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const entry = await need(scene, 'one');
  const claimed = await scene.store.claim(entry, scene.work, { files: ['memory', 'initrd'], signal });
  assert.ok(claimed);
  await scene.store.drop(keyOf('boot'), options);
  assert.deepEqual(await scene.titles(), []);
  assert.deepEqual(
    claimed.disks.map((path) => readFileSync(path, 'utf8').split('\n')[0]),
    ['boot', 'one'],
  );
  assert.deepEqual([...claimed.files.keys()].toSorted(), ['disk.qcow2', 'memory']);
  assert.equal(readFileSync(claimed.files.get('memory') ?? '', 'utf8'), 'pages');
  assert.deepEqual(await scene.store.verify(claimed, options), { sound: true });
});

test('claiming what has just gone, or what got another machine meanwhile, gives nothing and leaves nothing', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const gone = await need(scene, 'two');
  const replaced = await need(scene, 'boot');
  await scene.add('boot');
  assert.equal(await scene.store.claim(gone, scene.work, { files: [], signal }), undefined);
  assert.equal(await scene.store.claim(replaced, scene.work, { files: [], signal }), undefined);
  assert.deepEqual(existsSync(scene.work) ? readdirSync(scene.work) : [], []);
});

test('a claim is an own copy where the file system cannot link', async (t) => {
  const elsewhere = `/dev/shm/goldsmith-claim-${process.pid}`;
  using scene = makeCheckpointScene();
  const memory = statSync('/dev/shm', { throwIfNoEntry: false });
  if (memory === undefined || memory.dev === statSync(scene.home.root).dev) {
    t.skip('no second file system');
    return;
  }
  using cleanup = new DisposableStack();
  cleanup.defer(() => rmSync(elsewhere, { recursive: true, force: true }));
  await addChain(scene);
  const entry = await need(scene, 'boot');
  const claimed = await scene.store.claim(entry, elsewhere, { files: ['memory', 'state'], signal });
  assert.ok(claimed);
  assert.deepEqual(await scene.store.verify(claimed, options), { sound: true });
  const copy = statSync(claimed.files.get('memory') ?? '');
  assert.deepEqual([copy.size, copy.nlink, copy.mode & 0o777], [20 * MIB, 1, 0o600]);
});

test('a byte that changed is found, and its entry goes with all that lies on it', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  await scene.add('other');
  const one = await need(scene, 'one');
  const path = join(one.folder, 'disk.qcow2');
  const bytes = readFileSync(path);
  bytes[1000] = 1;
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
  const claimed = await scene.store.claim(await need(scene, 'two'), scene.work, { files: [], signal });
  assert.ok(claimed, 'a change of bytes alone does not show before they are read');
  assert.deepEqual(await scene.store.verify(claimed, options), {
    sound: false,
    problem: 'The file "disk.qcow2" of checkpoint "one" was damaged',
  });
  assert.deepEqual(await scene.titles(), ['boot', 'other']);
});

test('a spoilt claim does not take away a new machine that got the key meanwhile', async () => {
  using scene = makeCheckpointScene();
  await scene.add('boot');
  const claimed = await scene.store.claim(await need(scene, 'boot'), scene.work, { files: [], signal });
  assert.ok(claimed);
  const later = await scene.add('boot');
  rmSync(claimed.disks[0] ?? '');
  assert.equal((await scene.store.verify(claimed, options)).sound, false);
  assert.equal((await need(scene, 'boot')).id, later.id);
});

test('drop removes an entry and everything on top of it, and dropping what is gone is nothing', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  const removed = await scene.store.drop(keyOf('one'), options);
  assert.deepEqual(
    removed.map(({ title }) => title),
    ['two', 'one'],
  );
  assert.deepEqual(await scene.store.drop(keyOf('one'), options), []);
  assert.deepEqual(await scene.titles(), ['boot']);
});

test('what was used longest ago goes first, children before parents, and a claim counts as use', async () => {
  using scene = makeCheckpointScene();
  const old = await scene.add('old');
  await scene.add('old child', { parent: old });
  await scene.add('lonely');
  await scene.add('newer');
  const used = await need(scene, 'old child');
  await scene.store.claim(used, scene.work, { files: [], signal });
  const order: string[] = [];
  for (;;) {
    const totalBytes = (await scene.store.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const [removed, ...others] = await scene.store.prune({ limitBytes: totalBytes - 1, signal });
    if (removed === undefined) break;
    assert.deepEqual(others, []);
    order.push(`${removed.title} for ${removed.reason}`);
  }
  assert.deepEqual(
    order,
    ['lonely', 'newer', 'old child', 'old'].map((title) => `${title} for space`),
  );
  assert.deepEqual(readdirSync(scene.layout.entries), []);
});

test('publishing keeps the store within its limit', async () => {
  using scene = makeCheckpointScene({ limitBytes: 150 * 1024 });
  const boot = await scene.add('boot');
  const other = await scene.add('other');
  assert.deepEqual(
    [boot.outcome, other.outcome, await scene.titles()],
    ['published', 'published', ['other']],
  );
  assert.deepEqual(readdirSync(scene.layout.staging), []);
});

test('what nobody used for long goes by age, but never what younger ones lie on', async () => {
  using scene = makeCheckpointScene();
  const boot = await scene.add('boot');
  await scene.add('idle');
  scene.clock.nowMs += 10 * 3_600_000;
  await scene.add('one', { parent: boot });
  const removed = await scene.store.prune({ maxIdleMs: 3_600_000, signal });
  assert.deepEqual(
    removed.map(({ title, reason }) => [title, reason]),
    [['idle', 'age']],
  );
});

test('the staging folder of a living process stays, and what has no living owner goes', async () => {
  using scene = makeCheckpointScene();
  await using staged = await scene.store.stage(options);
  for (const name of ['1-1-00000000-0000-0000-0000-000000000000~x', 'whatever']) {
    mkdirSync(join(scene.layout.staging, name));
    writeFileSync(join(scene.layout.staging, name, 'memory'), 'secrets');
  }
  await scene.store.prune(options);
  assert.deepEqual(
    readdirSync(scene.layout.staging).map((name) => join(scene.layout.staging, name)),
    [staged.folder],
  );
});

test('everything may be deleted at any time: the store starts again', async () => {
  using scene = makeCheckpointScene();
  await addChain(scene);
  rmSync(scene.layout.root, { recursive: true });
  assert.deepEqual(await scene.titles(), []);
  assert.equal(await scene.store.find(keyOf('boot')), undefined);
  assert.deepEqual(await scene.store.drop(keyOf('boot'), options), []);
  assert.equal((await scene.add('boot')).outcome, 'published');
});
