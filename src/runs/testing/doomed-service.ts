/**
 * A program for tests: a service with simulated machines that takes runs one after the other, and kills itself or
 * the process that executes the run at the n-th thing that happens. It writes one JSON line for each run that ended.
 *
 * Arguments: folder, victim (`self`, `executor` or `nobody`), number of the first deadly event, number of runs.
 * A run that an earlier life of this program left is brought to its end first.
 */
import { join } from 'node:path';
import { inlineShell, testDefinitionId, testTemplate } from '../../build/testing/test-template.ts';
import { openHome } from '../../host/home.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { createRunService, isUnfinished } from '../create-run-service.ts';
import { startRunWorker } from '../worker/run-worker.ts';
import type { WorkerEvent } from '../worker/worker-options.ts';
import { STAGING_GROUP, storeTemplate, TEST_SUBSCRIPTION, testWorkerOptions } from './test-runs.ts';

/** What is told of a run. */
export interface ToldRun {
  readonly name: string;
  readonly runId: string;
  readonly state: string;
  readonly message: string;
  readonly operation: string | undefined;
  readonly outputs: readonly string[];
  /** Resources in the staging group, and settings that belong to runs that go on. */
  readonly left: readonly string[];
  /** What happened, in order. */
  readonly events: readonly string[];
}

const [root = '', victim = 'nobody', first = '0', count = '1'] = process.argv.slice(2);
const store = await openStore({ folder: join(root, 'database') }, { cacheFolder: openHome().cache });
let events: string[] = [];
let deadly = Number.POSITIVE_INFINITY;
let executorPid = 0;

await using _worker = await startRunWorker(
  testWorkerOptions(root, store, {
    simulate: { bootMs: 20, stepMs: 20, secondMs: 1000 }, // so that death comes where it was meant to
    onEvent: (_runId, event) => {
      if (event.kind === 'executor-started') executorPid = event.pid ?? 0;
      events.push(nameOf(event));
      if (events.length - 1 !== deadly) return;
      deadly = Number.POSITIVE_INFINITY;
      if (victim === 'self') process.kill(process.pid, 'SIGKILL');
      if (victim === 'executor' && executorPid !== 0) kill(executorPid);
    },
    onError: (error) => process.stderr.write(`${String(error)}\n`),
  }),
);

for (const run of await store.runs.list({ states: ['Running', 'Canceling'] }, 10)) {
  await told(store, run.id, run.templateId.split('/').at(-1) ?? '');
}
for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
  events = [];
  executorPid = 0;
  deadly = number;
  const name = `${victim}-${number}`;
  const answer = await createRunService({ store, now: Date.now }).request(
    await storeTemplate(store, templateOf(name)),
  );
  await told(store, answer.run?.id ?? '', name);
}
await _worker[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();

function templateOf(name: string): ImageTemplate {
  return testTemplate(name, {
    customize: [inlineShell('one', 'echo hello')],
    validate: {
      continueDistributeOnFailure: false,
      sourceValidationOnly: false,
      inVMValidations: [inlineShell('look', 'echo fine')],
    },
    distribute: [
      {
        type: 'SharedImage',
        runOutputName: 'gallery',
        artifactTags: {},
        imageDefinitionId: testDefinitionId(name),
        explicitVersion: undefined,
        versioning: { scheme: 'Latest', major: undefined },
        excludeFromLatest: false,
        targetRegions: [],
        replicationMode: 'Full',
      },
      { type: 'VHD', runOutputName: 'disk', artifactTags: {}, uri: undefined },
    ],
  });
}

async function told(from: Store, runId: string, name: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    if (!isUnfinished(await from.runs.get(runId))) resolve();
  };
  const stop = from.subscribe('runs', () => void look());
  await look();
  await promise;
  stop();
  const run = await from.runs.get(runId);
  const staged = await from.resources.list(
    { subscriptionId: TEST_SUBSCRIPTION, resourceGroup: STAGING_GROUP },
    { limit: 100 },
  );
  const outputs = await from.resources.list({ under: run?.templateId ?? '' }, { limit: 100 });
  const settings = [
    ...(await from.settings.list('active-run/')),
    ...(await from.settings.list('run-deaths/')),
  ];
  const line: ToldRun = {
    name,
    runId,
    state: run?.state ?? 'gone',
    message: run?.message ?? '',
    operation: (await from.operations.get(run?.operationId ?? ''))?.status,
    outputs: outputs.items.map((output) => output.name),
    left: [...staged.items.map(({ id }) => id), ...settings.map(({ key }) => key)],
    events,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function nameOf(event: WorkerEvent): string {
  if (event.kind === 'sub-state') return `sub-state ${event.subState}`;
  return 'id' in event ? `${event.kind} ${event.id}` : event.kind;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
