/** `kill -9` of the service in the middle of things: nothing that was acknowledged is lost, and everything ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { clients, imageBuilder5, polling } from './sdk.ts';
import { startServiceUnderTest } from './service.ts';

const group = 'restarts';
const location = 'westus2';
const ended = new Set(['Succeeded', 'PartiallySucceeded', 'Failed', 'Canceled']);
/** After a restart a run must have gone on to its end, or ended with a reason, within this time. */
const BOUND_MS = 120_000;

describe('a service that is killed', { timeout: 15 * 60_000 }, () => {
  let dataFolder = '';
  before(() => {
    dataFolder = mkdtempSync(join(tmpdir(), 'goldsmith-restart-'));
  });
  after(() => rmSync(dataFolder, { recursive: true, force: true }));

  // From the wish for a run to the middle of the build.
  for (const [index, delayMs] of [0, 40, 150, 500, 1500, 3000].entries()) {
    test(`${delayMs} ms after a run was asked for`, async () => {
      const name = `killed-${index}`;
      {
        const service = await startServiceUnderTest({ dataFolder });
        try {
          await clients(service).resources.resourceGroups.createOrUpdate(group, { location });
          const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
          await templates.createOrUpdate(group, name, body(), polling);
          // The answer to the request acknowledges the run; waiting for its end is what the death interrupts.
          void templates.run(group, name, polling).then(undefined, () => undefined);
          while ((await templates.get(group, name)).lastRunStatus === undefined) {
            // the request is still on its way
          }
          await sleep(delayMs);
        } finally {
          const gone = once(service.process, 'exit');
          killTree(service.process.pid ?? 0);
          await gone;
        }
      }
      await using service = await startServiceUnderTest({ dataFolder });
      const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
      const deadline = Date.now() + BOUND_MS;
      let status = (await templates.get(group, name)).lastRunStatus;
      while (!ended.has(status?.runState ?? '')) {
        assert.ok(
          Date.now() < deadline,
          `still ${status?.runState} ${status?.runSubState}: ${status?.message}`,
        );
        await sleep(500);
        status = (await templates.get(group, name)).lastRunStatus;
      }
      if (status?.runState === 'Succeeded') {
        const output = await templates.getRunOutput(group, name, 'vhd');
        assert.match(output.artifactUri ?? '', /\.vhd$/);
      } else {
        assert.ok((status?.message ?? '').length > 20, 'a run that ended otherwise says why');
      }
      await templates.run(group, name, polling);
      assert.equal((await templates.get(group, name)).lastRunStatus?.runState, 'Succeeded');
      await templates.delete(group, name, polling);
    });
  }

  test('what was acknowledged before a kill is there after it', async () => {
    const acknowledged: string[] = [];
    {
      const service = await startServiceUnderTest({ dataFolder });
      const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
      const writing = Array.from({ length: 4 }, async (_, writer) => {
        for (let index = 0; ; index += 1) {
          const name = `kept-${writer}-${index}`;
          await templates.createOrUpdate(group, name, body(), polling);
          acknowledged.push(name);
        }
      });
      const writers = Promise.allSettled(writing); // the kill ends them
      while (acknowledged.length < 20) await sleep(20);
      const gone = once(service.process, 'exit');
      killTree(service.process.pid ?? 0);
      await gone;
      await writers;
    }
    await using service = await startServiceUnderTest({ dataFolder });
    const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
    for (const name of acknowledged) {
      assert.equal((await templates.get(group, name)).provisioningState, 'Succeeded', name);
    }
  });
});

function body() {
  return {
    location,
    identity: { type: 'None' as const },
    source: {
      ...{ type: 'PlatformImage' as const, publisher: 'Debian', offer: 'debian-12' },
      ...{ sku: '12', version: 'latest' },
    },
    customize: [{ type: 'Shell' as const, name: 'hello', inline: ['sleep 1', 'echo hello'] }],
    distribute: [{ type: 'VHD' as const, runOutputName: 'vhd' }],
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
