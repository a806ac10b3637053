/** What builds use of earlier ones: the whole engine, with machines that are none and everything else real. */
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHome } from '../host/home.ts';
import type { Customizer, ImageTemplate } from '../model/image-template.ts';
import type { Artifact, RunRecord } from '../model/run.ts';
import { MIB } from '../model/sizes.ts';
import type { BuildHost, ReusePolicy } from './build-options.ts';
import { runBuild } from './run-build.ts';
import { openSimulatedHost } from './simulated-host.ts';
import { inlineShell, testTemplate } from './testing/test-template.ts';

const REUSE: ReusePolicy = { fresh: false, maxStepAgeMs: 3_600_000 };

/** Each takes longer than keeping the machine after it. */
const slow = (name: string, ...lines: string[]): Customizer => inlineShell(name, 'sleep 1', ...lines);

interface Scene {
  readonly host: BuildHost;
  readonly build: (
    template: ImageTemplate,
    reuse?: ReusePolicy,
    published?: readonly Artifact[],
  ) => Promise<RunRecord>;
}

async function withHost(use: (scene: Scene) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-reuse-'));
  try {
    using host = openSimulatedHost(openHome({ GOLDSMITH_HOME: root }), {
      bootMs: 1,
      stepMs: 1,
      secondMs: 2500,
    });
    await use({
      host,
      build: async (template, reuse = REUSE, published = []) =>
        runBuild(
          {
            ...{ template, reuse, published, templateName: 'test', templateFolder: undefined },
            ...{ outputFolder: join(root, 'out'), copies: [], keepOnError: false, bootTimeoutMs: 60_000 },
          },
          host,
          () => undefined,
          new AbortController().signal,
        ),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function template(customize: readonly Customizer[], more: Partial<ImageTemplate> = {}): ImageTemplate {
  return testTemplate('reuse', { customize, ...more });
}

/** `wake ok`, `customize[0] kept`, … */
function story(record: RunRecord): readonly string[] {
  const words = { succeeded: 'ok', skipped: 'kept', failed: 'failed', running: '?', cancelled: '?' };
  return record.steps
    .filter(({ id }) => !['fetch', 'source', 'disk', 'freeze', 'generalize', 'distribute'].includes(id))
    .map(({ id, state }) => `${id} ${words[state]}`);
}

const a = slow('a', 'echo a');
const b = slow('b', 'echo b');
const c = inlineShell('c', 'echo c');

test('a build of which nothing has changed publishes the image that exists', async () => {
  await withHost(async ({ build }) => {
    const first = await build(template([a, b, c]));
    assert.deepEqual(story(first), ['boot ok', ...[0, 1, 2].map((n) => `customize[${n}] ok`)]);
    const again = await build(template([a, b, c]));
    assert.deepEqual(story(again), ['reuse ok', ...[0, 1, 2].map((n) => `customize[${n}] kept`)]);
    assert.equal(again.artifacts[0]?.digest, first.artifacts[0]?.digest);
    assert.ok(
      again.steps.every(({ state, reusedFrom }) => (state === 'skipped') === (reusedFrom !== undefined)),
    );
    assert.match(readFileSync(again.logPath, 'utf8'), /"a": kept from/);
  });
});

test('a result that stands in its place is left alone, and a damaged or missing one is written again', async () => {
  await withHost(async ({ build }) => {
    const first = await build(template([a, c]));
    const [made] = first.artifacts;
    assert.ok(made !== undefined);
    const before = statSync(made.path);
    const again = await build(template([a, c]));
    assert.deepEqual(again.artifacts, first.artifacts);
    assert.equal(statSync(made.path).ino, before.ino);
    const file = openSync(made.path, 'r+');
    writeSync(file, 'damage', MIB);
    closeSync(file);
    for (const _ of ['damaged', 'missing']) {
      const mended = await build(template([a, c]));
      assert.equal(story(mended)[0], 'reuse ok');
      assert.deepEqual(mended.artifacts, first.artifacts);
      assert.equal(statSync(made.path).size, before.size);
      rmSync(made.path);
    }
  });
});

test('a changed customizer runs, with all that follow it, and says why', async () => {
  await withHost(async ({ build }) => {
    await build(template([a, b, c]));
    const changed = await build(template([a, slow('b', 'echo other'), c]));
    assert.deepEqual(story(changed), ['wake ok', 'customize[0] kept', 'customize[1] ok', 'customize[2] ok']);
    assert.match(changed.ran?.['customize[1]'] ?? '', /script/);
    assert.match(changed.ran?.['customize[2]'] ?? '', /a customizer before it/);
    const renamed = await build(template([{ ...a, name: 'other name' }, b, c]));
    assert.equal(story(renamed)[0], 'reuse ok', 'a name is only a label');
  });
});

test('a customizer that is added at the end is all that runs', async () => {
  await withHost(async ({ build }) => {
    await build(template([a]));
    assert.deepEqual(story(await build(template([a, c]))), [
      'wake ok',
      'customize[0] kept',
      'customize[1] ok',
    ]);
  });
});

test('every customizer runs on a booted machine when nothing of them may be used, and none is when fresh', async () => {
  await withHost(async ({ build }) => {
    await build(template([a, c]));
    const all = ['customize[0] ok', 'customize[1] ok'];
    assert.deepEqual(story(await build(template([a, c]), { fresh: false, maxStepAgeMs: 0 })), [
      'wake ok',
      ...all,
    ]);
    assert.deepEqual(story(await build(template([a, c]), { fresh: true, maxStepAgeMs: 0 })), [
      'boot ok',
      ...all,
    ]);
    const since = { fresh: false, maxStepAgeMs: 0, sinceMs: 1 };
    assert.equal(
      story(await build(template([a, c]), since))[0],
      'reuse ok',
      'results of this very run count',
    );
  });
});

test('results that are too old are made again', async () => {
  await withHost(async ({ host, build }) => {
    await build(template([a, c]));
    const later: BuildHost = { ...host, now: () => Date.now() + 2 * 3_600_000 };
    const record = await runBuild(
      {
        ...{ template: template([a, c]), reuse: REUSE, templateName: 'test', templateFolder: undefined },
        ...{
          outputFolder: join(host.home.root, 'out'),
          copies: [],
          keepOnError: false,
          bootTimeoutMs: 60_000,
        },
      },
      later,
      () => undefined,
      new AbortController().signal,
    );
    assert.deepEqual(story(record), ['wake ok', 'customize[0] ok', 'customize[1] ok']);
    assert.match(record.ran?.['customize[0]'] ?? '', /limit/);
  });
});

test('a step that is run again on demand takes all that was kept after it along', async () => {
  await withHost(async ({ host, build }) => {
    await build(template([a, b, c]));
    const again = await build(template([a, b, c]), { ...REUSE, rerunFrom: 1 });
    assert.deepEqual(story(again), ['wake ok', 'customize[0] kept', 'customize[1] ok', 'customize[2] ok']);
    const kept = (await host.checkpoints?.list()) ?? [];
    assert.deepEqual(kept.map(({ kind, position }) => `${kind} ${position}`).toSorted(), [
      'boot -1',
      'image 2',
      'step 0',
      'step 1',
    ]);
  });
});

test('a failed build goes on from its last checkpoint when its script is mended', async () => {
  await withHost(async ({ build }) => {
    const failed = await build(template([a, inlineShell('b', 'exit 1'), c]));
    assert.equal(failed.state, 'Failed');
    const mended = await build(template([a, b, c]));
    assert.deepEqual(story(mended), ['wake ok', 'customize[0] kept', 'customize[1] ok', 'customize[2] ok']);
    assert.equal(mended.state, 'Succeeded');
  });
});

test('a validation that was passed is not repeated, a changed one is all that runs', async () => {
  await withHost(async ({ build }) => {
    const validated = (line: string): ImageTemplate =>
      template([a], {
        validate: {
          continueDistributeOnFailure: false,
          sourceValidationOnly: false,
          inVMValidations: [inlineShell('look', line)],
        },
      });
    await build(validated('echo fine'));
    const again = await build(validated('echo fine'));
    assert.deepEqual(story(again), ['reuse ok', 'customize[0] kept', 'validate[0] kept']);
    const changed = await build(validated('echo better'));
    assert.deepEqual(story(changed), ['reuse ok', 'customize[0] kept', 'validate-boot ok', 'validate[0] ok']);
    const failing = await build(validated('exit 1'));
    assert.equal(failing.state, 'Failed');
    assert.equal((await build(validated('exit 1'))).state, 'Failed', 'a failure is never remembered');
  });
});

test('a distribution that is resumed leaves alone what is published already', async () => {
  await withHost(async ({ build }) => {
    const distribute = [
      { type: 'VHD', runOutputName: 'one', artifactTags: {}, uri: undefined },
      { type: 'VHD', runOutputName: 'two', artifactTags: {}, uri: '/dev/null/two.vhd' },
    ] as const;
    const failed = await build(template([a], { distribute }));
    assert.equal(failed.state, 'PartiallySucceeded');
    const [one] = failed.artifacts;
    assert.ok(one !== undefined);
    const before = statSync(one.path);
    const mended = template([a], { distribute: [distribute[0], { ...distribute[1], uri: undefined }] });
    const resumed = await build(mended, REUSE, failed.artifacts);
    assert.equal(resumed.state, 'Succeeded', resumed.message);
    assert.deepEqual(
      resumed.artifacts.map(({ runOutputName }) => runOutputName),
      ['one', 'two'],
    );
    assert.equal(statSync(one.path).ino, before.ino, 'the file is the one of the first run');
    rmSync(one.path);
    const again = await build(mended, REUSE, resumed.artifacts);
    assert.equal(again.state, 'Succeeded', again.message);
    assert.equal(statSync(one.path).size, before.size, 'a file that is gone is written again');
  });
});

test('damage of any kind leads to a longer build and never to a wrong one', async () => {
  await withHost(async ({ host, build }) => {
    const first = await build(template([a, c]));
    const root = join(host.home.cache, 'checkpoints');
    for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('disk.qcow2')) truncateSync(join(root, path), 70_000);
    }
    const again = await build(template([a, c]));
    assert.equal(again.state, 'Succeeded', again.message);
    assert.deepEqual(story(again), ['boot ok', 'customize[0] ok', 'customize[1] ok']);
    assert.notEqual(again.artifacts[0]?.digest, first.artifacts[0]?.digest);
  });
});
