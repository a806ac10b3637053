/** The log and the VHD of a run, fetched with `az storage`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import type { Az } from '../az.ts';
import { toVhd } from '../templates.ts';
import { cookieOf } from '../vhd-cookie.ts';
import { quickStartTemplate, type QuickStart } from './quick-start.ts';

/** Where `fetchArtifacts` has put them, and the staging group they are from. */
export interface RunArtifacts {
  readonly log: string;
  readonly vhd: string;
  readonly stagingGroup: string;
}

/** Of the last run of a template whose only target is a VHD. */
export async function fetchArtifacts(az: Az, group: string, name: string): Promise<RunArtifacts> {
  const template = ['-g', group, '-n', name];
  const staging = await az.value('exactStagingResourceGroup', 'image', 'builder', 'show', ...template);
  const stagingGroup = staging.split('/').at(-1) ?? '';
  const account = await az.value('[0].name', 'storage', 'account', 'list', '-g', stagingGroup);
  // az asks for the key of the account itself.
  const named = ['--account-name', account, '--auth-mode', 'key'];
  const fetch = async (container: string, blob: string, file: string): Promise<string> => {
    const from = [...named, '--container-name', container, '--name', blob];
    await az.run('storage', 'blob', 'download', ...from, '--file', file);
    return join(az.folder, file);
  };
  const listing = [...named, '--container-name', 'packerlogs'];
  const logs = z
    .array(z.object({ name: z.string() }))
    .parse(await az.run('storage', 'blob', 'list', ...listing));
  const log = logs.find((one) => one.name.endsWith('/customization.log'));
  assert.ok(log !== undefined, JSON.stringify(logs));
  const uri = await az.value('[0].artifactUri', 'image', 'builder', 'show-runs', ...template);
  const [, vhd = ''] = new URL(uri).pathname.split('/vhds/');
  return {
    log: await fetch('packerlogs', log.name, 'customization.log'),
    vhd: await fetch('vhds', vhd, 'image.vhd'),
    stagingGroup,
  };
}

export function testRunArtifacts(quickStart: () => QuickStart): void {
  test('the log and the VHD of a run are ordinary blobs', async () => {
    const { group } = quickStart();
    using az = quickStart().az.lane();
    const body = quickStartTemplate(quickStart());
    const file = az.file('vhd.json', { ...body, properties: { ...body.properties, distribute: [toVhd] } });
    const template = ['-g', group, '-n', 'toVhd'];
    await az.run('image', 'builder', 'create', ...template, '--image-template', file);
    await az.run('image', 'builder', 'run', ...template);
    const { log, vhd, stagingGroup } = await fetchArtifacts(az, group, 'toVhd');
    assert.match(stagingGroup, /^IT_/);
    assert.match(readFileSync(log, 'utf8'), /\(telemetry\) Finalizing/);
    assert.equal(cookieOf(vhd), 'conectix');
  });
}
