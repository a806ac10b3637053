/** Runs from the request to their end, with real processes, a store in memory and simulated machines. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inlineShell, testImageId, testTemplate } from '../build/testing/test-template.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { ServiceRun } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { openMemoryStore } from '../store/testing/memory-store.ts';
import { createRunService, isUnfinished } from './create-run-service.ts';
import { CANCEL_BOUND_MS, RUN_OUTPUT_TYPE, type RunRequest } from './run-service.ts';
import { STAGING_GROUP, storeTemplate, templateIdOf, testWorkerOptions } from './testing/test-runs.ts';
import { startRunWorker } from './worker/run-worker.ts';
import type { RunWorkerOptions, WorkerEvent } from './worker/worker-options.ts';

interface Scene {
  readonly root: string;
  readonly store: Store;
  readonly work: (more?: Partial<RunWorkerOptions>) => Promise<AsyncDisposable>;
}

let store: Store;
before(async () => {
  store = await openMemoryStore();
});
after(async () => store[Symbol.asyncDispose]());

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-runs-'));
  try {
    await use({ root, store, work: async (more) => startRunWorker(testWorkerOptions(root, store, more)) });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The run when it has ended; told by the store. */
async function ended(runId: string): Promise<ServiceRun> {
  const { promise, resolve } = Promise.withResolvers<ServiceRun>();
  const look = async (): Promise<void> => {
    const run = await store.runs.get(runId);
    if (run !== undefined && !isUnfinished(run)) resolve(run);
  };
  const stop = store.subscribe('runs', (id) => {
    if (id === runId) void look();
  });
  await look();
  const run = await promise;
  stop();
  return run;
}

async function ask(request: RunRequest): Promise<ServiceRun> {
  const answer = await createRunService({ store, now: Date.now }).request(request);
  assert.equal(answer.kind, 'accepted');
  assert.ok(answer.run);
  return answer.run;
}

function template(name: string, parts: Partial<ImageTemplate> = {}): ImageTemplate {
  return testTemplate(name, { customize: [inlineShell('one', 'echo hello')], ...parts });
}

const stagedTypes = async (): Promise<readonly string[]> =>
  (
    await store.resources.list(
      { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: STAGING_GROUP },
      { limit: 100 },
    )
  ).items.map(({ type }) => type);

test('a run leaves images, run outputs and a log, and nothing else', async () => {
  await withScene(async ({ root, work }) => {
    const seen: (readonly string[])[] = [];
    await using _worker = await work({
      onEvent: (_id, event) => {
        if (event.kind === 'step-started' && event.id === 'freeze')
          void stagedTypes().then((types) => seen.push(types));
      },
    });
    const request = await storeTemplate(
      store,
      template('whole', {
        distribute: [
          { type: 'VHD', runOutputName: 'disk', artifactTags: {}, uri: undefined },
          {
            type: 'ManagedImage',
            runOutputName: 'image',
            artifactTags: {},
            imageId: testImageId('whole'),
            location: 'westus2',
          },
        ],
      }),
    );
    const asked = await ask(request);
    assert.equal(
      (await createRunService({ store, now: Date.now }).lastStatus(request.templateId))?.runState,
      'Running',
    );
    const run = await ended(asked.id);
    assert.equal(run.state, 'Succeeded', run.message);
    assert.equal((await store.operations.get(asked.operationId))?.status, 'Succeeded');

    const outputs = await store.resources.list(
      { type: RUN_OUTPUT_TYPE, under: request.templateId },
      { limit: 10 },
    );
    const [disk, image] = outputs.items.map(({ body }) => body['properties']);
    assert.deepEqual(image, { provisioningState: 'Succeeded', artifactId: testImageId('whole') });
    assert.deepEqual(disk, {
      provisioningState: 'Succeeded',
      artifactUri: `https://blobs.test/stagingtests/vhds/${run.id}/disk.vhd`,
    });
    assert.ok(existsSync(join(root, 'accounts/stagingtests/vhds', run.id, 'disk.vhd')));
    assert.ok(await store.resources.get(testImageId('whole')));

    const folder = join(root, 'home/runs', run.id);
    const local = readFileSync(join(folder, 'customization.log'), 'utf8');
    assert.equal(
      readFileSync(join(root, 'accounts/stagingtests/packerlogs', run.id, 'customization.log'), 'utf8'),
      local,
    );
    assert.match(local, /hello/);
    assert.ok(seen[0]?.includes('Microsoft.Compute/virtualMachines'), 'the build VM could be seen');
    assert.deepEqual(await stagedTypes(), [], 'and is gone');
    assert.ok(!existsSync(join(folder, 'work')) && !existsSync(join(folder, 'service')));
  });
});

test('a failed customizer is told with its exit code, its last lines and the place of the log', async () => {
  await withScene(async ({ work }) => {
    await using _worker = await work();
    const customize = [inlineShell('fine', 'echo fine'), inlineShell('bad', 'echo the reason', 'exit 3')];
    const asked = await ask(await storeTemplate(store, template('fails', { customize })));
    const run = await ended(asked.id);
    assert.equal(run.state, 'Failed');
    const operation = await store.operations.get(asked.operationId);
    assert.equal(operation?.status, 'Failed');
    assert.equal(operation.error?.code, 'PackerBuildFailed');
    assert.equal(operation.error.details?.[0]?.target, '$.properties.customize[1]');
    assert.match(operation.error.details[0].message, /exit code 3[\s\S]*the reason/);
    assert.match(run.message, /packerlogs\/[^ ]*customization\.log\. OperationId: /);
  });
});

test('a run that cannot be handed on to one of its targets succeeded in part', async () => {
  await withScene(async ({ work }) => {
    await using _worker = await work();
    const distribute: ImageTemplate['distribute'] = [
      { type: 'VHD', runOutputName: 'here', artifactTags: {}, uri: undefined },
      { type: 'VHD', runOutputName: 'far', artifactTags: {}, uri: 'https://elsewhere.example/a/vhds/x.vhd' },
    ];
    const asked = await ask(await storeTemplate(store, template('part', { distribute })));
    const run = await ended(asked.id);
    assert.equal(run.state, 'PartiallySucceeded');
    assert.match(run.message, /Failed in distributing 1 images out of total 2: \{\[Error 0\]/);
  });
});

test('files that were fetched at the submission are used, unless somebody has changed them', async () => {
  await withScene(async ({ root, work }) => {
    const uri = 'https://nowhere.invalid/install.sh';
    const bytes = '#!/bin/bash\necho from the copy\n';
    mkdirSync(join(root, 'accounts/stagingtests/scripts'), { recursive: true });
    const path = join(root, 'accounts/stagingtests/scripts/install.sh');
    writeFileSync(path, bytes);
    const customize: ImageTemplate['customize'] = [
      { type: 'Shell', name: undefined, script: { from: 'uri', uri, sha256: undefined } },
    ];
    const request = await storeTemplate(store, template('copied', { customize }));
    const artifacts = [
      {
        ...{ uri, container: 'scripts', blobName: 'install.sh', sizeBytes: bytes.length },
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    ];
    await using _worker = await work();
    const first = await ended((await ask({ ...request, artifacts })).id);
    assert.equal(first.state, 'Succeeded', first.message);
    assert.match(
      readFileSync(join(root, 'home/runs', first.id, 'customization.log'), 'utf8'),
      /from the copy/,
    );
    writeFileSync(path, 'something else');
    const second = await ended((await ask({ ...request, artifacts })).id);
    assert.equal(second.state, 'Failed');
    assert.match(second.message, /changed since the template was submitted/);
  });
});

test('a template has one run at a time, however many ask at once', async () => {
  await withScene(async ({ work }) => {
    const service = createRunService({ store, now: Date.now });
    const request = await storeTemplate(store, template('once'));
    const answers = await Promise.all([1, 2, 3, 4].map(async () => service.request(request)));
    const accepted = answers.filter(({ kind }) => kind === 'accepted');
    assert.equal(accepted.length, 1);
    const runId = accepted[0]?.run?.id ?? '';
    assert.ok(
      answers.every(({ run }) => run?.id === runId),
      'the others are told which run goes on',
    );
    assert.equal(await service.isRunning(request.templateId.toUpperCase()), true);
    await using _worker = await work();
    await ended(runId);
    assert.equal(await service.isRunning(request.templateId), false);
    assert.equal((await ended((await ask(request)).id)).state, 'Succeeded', 'the next one may come');
    const gone = await service.request({ ...request, templateId: templateIdOf('gone') });
    assert.deepEqual(gone, { kind: 'refused', run: undefined });
  });
});

test('a run is cancelled in the middle of a script, and a second time is refused', async () => {
  await withScene(async ({ work }) => {
    const service = createRunService({ store, now: Date.now });
    const started = Promise.withResolvers<void>();
    await using _worker = await work({
      onEvent: (_id, event) => {
        if (event.kind === 'step-started' && event.id === 'customize[0]') started.resolve();
      },
    });
    const request = await storeTemplate(
      store,
      template('stop', { customize: [inlineShell('long', 'sleep 600')] }),
    );
    const asked = await ask(request);
    await started.promise;
    const answer = await service.cancel(request.templateId);
    assert.ok(answer.kind === 'accepted');
    assert.equal((await service.lastStatus(request.templateId))?.runState, 'Canceling');
    assert.equal((await service.cancel(request.templateId)).kind, 'refused');
    const run = await ended(asked.id);
    assert.equal(run.state, 'Canceled');
    assert.ok(Date.parse(run.endedAt ?? '') - Date.parse(answer.operation.startTime) < CANCEL_BOUND_MS);
    assert.equal((await store.operations.get(answer.operation.id))?.status, 'Succeeded');
    assert.equal((await store.operations.get(asked.operationId))?.status, 'Canceled');
    assert.deepEqual(await stagedTypes(), []);
    assert.equal((await service.cancel(request.templateId)).kind, 'refused', 'it has ended');
  });
});

test('an engine that does not obey is ended all the same', async () => {
  await withScene(async ({ work }) => {
    const service = createRunService({ store, now: Date.now });
    const started = Promise.withResolvers<number>();
    let pid = 0;
    await using _worker = await work({
      times: { cancelGraceMs: 300 },
      onEvent: (_id, event) => {
        if (event.kind === 'executor-started') pid = event.pid ?? 0;
        if (event.kind === 'step-started' && event.id === 'customize[0]') started.resolve(pid);
      },
    });
    const request = await storeTemplate(
      store,
      template('deaf', { customize: [inlineShell('long', 'sleep 600')] }),
    );
    const asked = await ask(request);
    process.kill(await started.promise, 'SIGSTOP');
    await service.cancel(request.templateId);
    assert.equal((await ended(asked.id)).state, 'Canceled');
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

test('without a worker a queued run is cancelled at once', async () => {
  const service = createRunService({ store, now: Date.now });
  const request = await storeTemplate(store, template('queued'));
  const asked = await ask(request);
  await service.cancel(request.templateId);
  assert.equal((await store.runs.get(asked.id))?.state, 'Canceled');
  assert.equal((await service.request(request)).kind, 'accepted');
  await service.cancel(request.templateId);
});

/** Requests four runs of machines with two CPUs each, has a worker do them, and tells what it did. */
async function runFour(cpus: number): Promise<{ ids: string[]; order: string[]; most: number }> {
  const order: string[] = [];
  const ids: string[] = [];
  let running = 0;
  let most = 0;
  const onEvent = (id: string, event: WorkerEvent): void => {
    if (event.kind === 'executor-started') {
      order.push(id);
      most = Math.max(most, (running += 1));
    }
    if (event.kind === 'closed') running -= 1;
  };
  await withScene(async ({ work }) => {
    for (const name of ['first', 'second', 'third', 'fourth']) {
      ids.push((await ask(await storeTemplate(store, template(name)))).id);
    }
    const capacity = { cpus, memoryBytes: 8 * 2 ** 30, diskBytes: 400 * 2 ** 30 };
    await using _worker = await work({ onEvent, capacity: () => capacity });
    const runs = await Promise.all(ids.map(ended));
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded'],
    );
  });
  return { ids, order, most };
}

test('what does not fit waits as Queued, and is begun in the order of the requests', async () => {
  const { ids, order, most } = await runFour(2);
  assert.deepEqual(order, ids);
  assert.equal(most, 1);
});

test('what fits runs at the same time, and no more than that', async () => {
  const { most } = await runFour(4);
  assert.equal(most, 2);
});

test('a worker that closes gives its run back, and the next one begins it anew', async () => {
  await withScene(async ({ work }) => {
    const started = Promise.withResolvers<void>();
    const worker = await work({
      simulate: { bootMs: 60_000, stepMs: 1, secondMs: 1 },
      onEvent: (_id, event) => {
        if (event.kind === 'step-started' && event.id === 'boot') started.resolve();
      },
    });
    const asked = await ask(await storeTemplate(store, template('handed')));
    await started.promise;
    await worker[Symbol.asyncDispose]();
    const between = await store.runs.get(asked.id);
    assert.deepEqual([between?.state, between?.subState, between?.worker], ['Running', 'Queued', undefined]);
    await using _next = await work();
    assert.equal((await ended(asked.id)).state, 'Succeeded');
    assert.equal(await store.settings.get(`run-deaths/${asked.id}`), undefined);
  });
});

test('a run whose process dies again and again is not begun for ever', async () => {
  await withScene(async ({ work }) => {
    let started = 0;
    await using _worker = await work({
      onEvent: (_id, event) => {
        if (event.kind !== 'executor-started') return;
        started += 1;
        process.kill(event.pid ?? 0, 'SIGKILL');
      },
    });
    const asked = await ask(await storeTemplate(store, template('doomed')));
    const run = await ended(asked.id);
    assert.equal(run.state, 'Failed');
    assert.match(run.message, /died 4 times; it is not started again/);
    assert.equal(started, 4);
    assert.equal((await store.operations.get(asked.operationId))?.error?.code, 'InternalOperationError');
  });
});

test('a cancellation that its worker never heard of is obeyed by the next one', async () => {
  await withScene(async ({ work }) => {
    const request = await storeTemplate(store, template('orphan'));
    const asked = await ask(request);
    const lease = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const held = await store.runs.claim(asked.id, 'another machine', lease(0), lease(1_500));
    await store.runs.update(asked.id, held?.epoch ?? 0, { subState: 'Customizing' });
    const answer = await createRunService({ store, now: Date.now }).cancel(request.templateId);
    assert.equal(answer.kind, 'accepted');
    await using _worker = await work();
    assert.equal((await store.runs.get(asked.id))?.state, 'Canceling', 'its worker may still live');
    assert.equal((await ended(asked.id)).state, 'Canceled');
  });
});

test('a run that was lost while another machine distributed it ends with a reason', async () => {
  await withScene(async ({ work }) => {
    const asked = await ask(await storeTemplate(store, template('far away')));
    const now = new Date().toISOString();
    const held = await store.runs.claim(asked.id, 'another machine', now, now);
    await store.runs.update(asked.id, held?.epoch ?? 0, { subState: 'Distributing' });
    await using _worker = await work();
    const run = await ended(asked.id);
    assert.equal(run.state, 'Failed');
    assert.match(run.message, /build host that ran it was lost while it distributed/);
    assert.equal(
      await store.runs.update(asked.id, held?.epoch ?? 0, { message: 'late' }),
      false,
      'the old holder writes nothing any more',
    );
  });
});

test('a run repeats every customizer, unless its request or the tag of its template says otherwise', async () => {
  await withScene(async ({ work }) => {
    await using _worker = await work();
    const stepsOf = async (request: RunRequest): Promise<readonly string[]> => {
      const { record, message } = await ended((await ask(request)).id);
      assert.ok(record !== undefined, message);
      return record.steps.map(({ id, state }) => `${id} ${state}`);
    };
    const request = await storeTemplate(store, template('reuses'));
    assert.ok((await stepsOf(request)).includes('boot succeeded'));
    const again = await stepsOf(request);
    assert.ok(again.includes('wake succeeded') && again.includes('customize[0] succeeded'), again.join());
    assert.ok((await stepsOf({ ...request, maxStepAgeMs: 60_000 })).includes('customize[0] skipped'));
    const tagged = { ...request, template: { ...request.template, tags: { 'goldsmith-reuse': '2h' } } };
    assert.ok((await stepsOf(tagged)).includes('customize[0] skipped'));
  });
});
