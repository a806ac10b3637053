/** `kill -9` of the service in the middle of things: nothing that was acknowledged is lost, and everything ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { clients, imageBuilder5, polling } from './sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';
import { debian, location, noIdentity, shell, toVhd } from './templates.ts';
import { until } from './until.ts';

const group = 'restarts';
const name = 'killed';
const ended = new Set(['Succeeded', 'PartiallySucceeded', 'Failed', 'Canceled']);
/** From the wish for a run to the middle of the build: any moment must do, so that none needs to be met exactly. */
const momentsMs = [0, 40, 150, 500, 1500, 3000];

describe('a service that is killed', { timeout: 15 * 60_000 }, () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'goldsmith-restart-'));
  let service: ServiceUnderTest;
  const templates = () => imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
  const lastRun = async () => (await templates().get(group, name)).lastRunStatus;

  before(async () => {
    service = await startServiceUnderTest({ dataFolder });
    await clients(service).resources.resourceGroups.createOrUpdate(group, { location });
    await templates().createOrUpdate(group, name, body(), polling);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(dataFolder, { recursive: true, force: true });
  });

  // Each kill meets the service that the one before it had started, and a run of the same template.
  for (const momentMs of momentsMs) {
    test(`${momentMs} ms after a run was asked for`, async () => {
      const before = (await lastRun())?.startTime?.getTime();
      // The answer to the request acknowledges the run; waiting for its end is what the death interrupts.
      void templates()
        .run(group, name, polling)
        .then(undefined, () => undefined);
      await until(lastRun, (run) => run !== undefined && run.startTime?.getTime() !== before);
      await pause(momentMs);
      await killAndStartAgain();
      const run = await until(lastRun, (seen) => ended.has(seen?.runState ?? ''));
      if (run?.runState === 'Succeeded') {
        const output = await templates().getRunOutput(group, name, 'vhd');
        assert.match(output.artifactUri ?? '', /\.vhd$/);
      } else {
        assert.ok((run?.message ?? '').length > 20, 'a run that ended otherwise says why');
      }
    });
  }

  test('the template of all these runs is run to its end and deleted', async () => {
    await templates().run(group, name, polling);
    assert.equal((await lastRun())?.runState, 'Succeeded');
    await templates().delete(group, name, polling);
  });

  test('what was acknowledged before a kill is there after it', async () => {
    const acknowledged: string[] = [];
    const enough = Promise.withResolvers<void>();
    const writing = Array.from({ length: 4 }, async (_, writer) => {
      for (let index = 0; ; index += 1) {
        const kept = `kept-${writer}-${index}`;
        await templates().createOrUpdate(group, kept, body(), polling);
        acknowledged.push(kept);
        if (acknowledged.length === 20) enough.resolve();
      }
    });
    const writers = Promise.allSettled(writing); // the kill ends them
    await Promise.race([enough.promise, writers]);
    await killAndStartAgain(writers);
    for (const kept of acknowledged) {
      assert.equal((await templates().get(group, kept)).provisioningState, 'Succeeded', kept);
    }
    assert.ok(acknowledged.length >= 20, `only ${acknowledged.length} were acknowledged`);
  });

  /** `quiet`: resolves when nobody speaks to the dead service any more. */
  async function killAndStartAgain(quiet?: Promise<unknown>): Promise<void> {
    const gone = once(service.process, 'exit');
    killTree(service.process.pid ?? 0);
    await gone;
    await quiet;
    service = await startServiceUnderTest({ dataFolder });
  }
});

function body() {
  return {
    ...{ location, identity: noIdentity, source: debian },
    ...{ customize: [shell('sleep 1', 'echo hello')], distribute: [toVhd] },
  };
}

/** Kills a process and all that it started, children last, so that none of them can clean up. */
function killTree(pid: number): void {
  const children = childrenOf(pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it is gone already
  }
  for (const child of children) killTree(child);
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .trim()
        .split(/\s+/)
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}
