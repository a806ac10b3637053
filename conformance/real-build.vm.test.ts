/** One run through the stock `az` with a real build VM: submitted, run, followed and fetched. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { testHomeRoot } from '../src/build/testing/test-host.ts';
import { Az } from './az.ts';
import { templateType } from './commands/quick-start.ts';
import { fetchArtifacts } from './commands/run-artifacts.ts';
import { startServiceUnderTest } from './service.ts';
import { debian, location, noIdentity, shell, toVhd } from './templates.ts';
import { cookieOf } from './vhd-cookie.ts';

const group = 'real';
const template = ['-g', group, '-n', 'golden'];

test(
  'az builds an image in a real VM and fetches its log and its VHD',
  { timeout: 40 * 60_000 },
  async () => {
    await using service = await startServiceUnderTest({
      simulate: false,
      env: { GOLDSMITH_HOME: testHomeRoot() },
    });
    using az = await Az.login(service);
    await az.run('group', 'create', '-n', group, '-l', location);
    const body = az.file('template.json', {
      ...{ location, identity: noIdentity },
      properties: {
        ...{ source: debian, vmProfile: { vmSize: 'Standard_D2s_v3' } },
        customize: [shell('echo made through az | sudo tee /etc/golden')],
        distribute: [toVhd],
      },
    });
    await az.run(
      ...['resource', 'create', ...template, '--resource-type', templateType],
      ...['--properties', `@${body}`, '--is-full-object'],
    );
    await az.run('image', 'builder', 'run', ...template, '--no-wait');
    await az.run(
      ...['image', 'builder', 'wait', ...template, '--interval', '5', '--timeout', '1800'],
      ...['--custom', "lastRunStatus.runState != 'Running'"],
    );
    const status = z
      .object({ lastRunStatus: z.object({ runState: z.string(), message: z.string().nullish() }) })
      .parse(await az.run('image', 'builder', 'show', ...template)).lastRunStatus;
    assert.equal(status.runState, 'Succeeded', status.message ?? '');

    const { log, vhd, stagingGroup } = await fetchArtifacts(az, group, 'golden');
    const left = await az.value('[].type', 'resource', 'list', '-g', stagingGroup);
    assert.equal(left, 'Microsoft.Storage/storageAccounts', 'the machine is gone');
    assert.match(readFileSync(log, 'utf8'), /made through az/);
    assert.equal(cookieOf(vhd), 'conectix');
    assert.equal((statSync(vhd).size - 512) % 2 ** 20, 0, 'whole MiB and a footer');
    await az.run('group', 'delete', '-n', group, '--yes');
  },
);
