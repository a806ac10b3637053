/** The whole engine with machines that are none: everything but what happens inside a guest is the real thing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHome, type Home } from '../host/home.ts';
import { SIMULATED_DISK_MARK } from '../images/catalogue/simulated-source.ts';
import { openImageStore } from '../images/store/image-store.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { BuildEventSink, RunRecord } from '../model/run.ts';
import { RUN_EVERY_CUSTOMIZER } from './build-options.ts';
import { runBuild } from './run-build.ts';
import { isSimulatedHome, markSimulatedHome, openSimulatedHost } from './simulated-host.ts';
import { inlineShell, testImageId, testTemplate } from './testing/test-template.ts';

interface More {
  readonly sink?: BuildEventSink;
  readonly signal?: AbortSignal;
  readonly copies?: ReadonlyMap<string, string>;
  readonly runId?: string;
}

interface Scene {
  readonly home: Home;
  readonly build: (template: ImageTemplate, more?: More) => Promise<RunRecord>;
}

async function withHost(use: (scene: Scene) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-simulated-'));
  try {
    const home = openHome({ GOLDSMITH_HOME: root });
    using host = openSimulatedHost(home, { bootMs: 1, stepMs: 1, secondMs: 1000 });
    await use({
      home,
      build: async (template, { sink, signal, copies, runId } = {}) =>
        runBuild(
          {
            template,
            templateName: 'test',
            templateFolder: undefined,
            outputFolder: join(root, 'out'),
            copies: [],
            keepOnError: false,
            reuse: RUN_EVERY_CUSTOMIZER,
            bootTimeoutMs: 60_000,
            ...(copies === undefined ? {} : { localCopies: copies }),
            ...(runId === undefined ? {} : { runId }),
          },
          host,
          sink ?? (() => undefined),
          signal ?? new AbortController().signal,
        ),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const images = testTemplate('images', {
  source: {
    type: 'PlatformImage',
    publisher: 'Canonical',
    offer: 'ubuntu-24_04-lts',
    sku: 'server',
    version: 'latest',
    planInfo: undefined,
  },
  customize: [inlineShell('one', 'echo hello', 'apt-get install nginx')],
  validate: {
    continueDistributeOnFailure: false,
    sourceValidationOnly: false,
    inVMValidations: [inlineShell('look', 'echo fine')],
  },
  distribute: [
    { type: 'VHD', runOutputName: 'disk', artifactTags: {}, uri: undefined },
    {
      type: 'ManagedImage',
      runOutputName: 'image',
      artifactTags: { a: 'b' },
      imageId: testImageId('simulated'),
      location: 'westus2',
    },
  ],
});

test('a simulated build goes through every step and says everywhere that it is one', async () => {
  await withHost(async ({ home, build }) => {
    const runId = '11111111-2222-4333-8444-555555555555';
    const record = await build(images, { runId });
    assert.equal(record.state, 'Succeeded', record.message);
    assert.equal(record.runId, runId);
    assert.deepEqual(
      record.steps.map(({ id, state }) => `${id} ${state}`),
      [
        ...['fetch', 'source', 'disk', 'boot', 'customize[0]', 'generalize', 'freeze'],
        ...['validate-boot', 'validate[0]', 'distribute'],
      ].map((id) => `${id} succeeded`),
    );
    const log = readFileSync(record.logPath, 'utf8');
    assert.match(log, /SIMULATED: a placeholder stands for Canonical:ubuntu-24_04-lts:server:latest/);
    assert.match(log, /SIMULATED: no machine runs here/);
    assert.match(log, /\[simulated, not run\] apt-get install nginx/);
    assert.match(log, /hello/);
    const [vhd, image] = record.artifacts;
    assert.ok(vhd !== undefined && image !== undefined);
    await using file = await open(vhd.path, 'r');
    const { buffer } = await file.read(Buffer.alloc(SIMULATED_DISK_MARK.length), 0, undefined, 0);
    assert.equal(buffer.toString(), SIMULATED_DISK_MARK);
    using store = openImageStore(home);
    assert.equal(store.find(testImageId('simulated')).origin.runId, runId);
    assert.equal(existsSync(join(home.runs, runId, 'work')), false);
  });
});

test('two simulated builds make two images, and the placeholder only once', async () => {
  await withHost(async ({ home, build }) => {
    const [first, second] = [await build(images), await build(images)];
    assert.notEqual(first.artifacts[0]?.digest, second.artifacts[0]?.digest);
    using store = openImageStore(home);
    assert.equal(store.list().filter(({ kind }) => kind === 'PlatformImage').length, 1);
  });
});

test("a script's exit code fails a simulated build as it fails a real one", async () => {
  await withHost(async ({ build }) => {
    const template = testTemplate('fails', {
      customize: [inlineShell('fine', 'echo fine'), inlineShell('bad', 'echo the reason', 'exit 3')],
    });
    const { state, error } = await build(template);
    assert.equal(state, 'Failed');
    assert.equal(error?.code, 'CustomizerFailed');
    assert.equal(error.details[0]?.target, '$.properties.customize[1]');
    assert.match(error.message, /exit code 3[\s\S]*the reason/);
  });
});

test('a script that comes from a local copy is not fetched, and a cancelled sleep ends at once', async () => {
  await withHost(async ({ home, build }) => {
    const uri = 'https://nowhere.invalid/script.sh';
    const path = join(home.root, 'script.sh');
    writeFileSync(path, '#!/bin/bash\necho copied\nsleep 600\n');
    const cancel = new AbortController();
    const template = testTemplate('copies', {
      customize: [{ type: 'Shell', name: 'far', script: { from: 'uri', uri, sha256: undefined } }],
    });
    const record = await build(template, {
      copies: new Map([[uri, path]]),
      signal: cancel.signal,
      sink: (event) => {
        if (event.kind === 'step-output' && event.line === 'copied') cancel.abort();
      },
    });
    assert.equal(record.state, 'Canceled');
  });
});

test('a home is simulated for good, and one with real images never becomes so', async () => {
  await withHost(async ({ home }) => {
    assert.equal(isSimulatedHome(home), true);
    rmSync(join(home.root, 'SIMULATED'));
    assert.doesNotThrow(() => markSimulatedHome(home));
    rmSync(join(home.root, 'SIMULATED'));
    mkdirSync(join(home.images, 'managed'), { recursive: true });
    assert.throws(() => markSimulatedHome(home), { code: 'BadUsage' });
  });
});
