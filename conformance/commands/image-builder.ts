/** `az image builder`: its own way to make a template, run it and stop it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { location, shell } from '../templates.ts';
import { quickStartTemplate, type QuickStart } from './quick-start.ts';

export function testImageBuilder(quickStart: () => QuickStart): void {
  test('az image builder creates, changes, runs, shows and deletes', async () => {
    const { group, identityId } = quickStart();
    using az = quickStart().az.lane();
    const template = ['-g', group, '-n', 'withCommands'];
    await az.run(
      ...['image', 'builder', 'create', ...template, '-l', location, '--defer'],
      ...['--image-source', 'Debian:debian-12:12:latest', '--identity', identityId],
      ...['--managed-image-destinations', `anImage=${location}`],
    );
    await az.run(
      ...['image', 'builder', 'customizer', 'add', ...template, '--defer'],
      ...['--customizer-name', 'hello', '--type', 'shell', '--inline-script', 'echo hello'],
    );
    await az.run('image', 'builder', 'update', ...template);
    await az.run('image', 'builder', 'wait', ...template, '--created');
    await az.run('image', 'builder', 'run', ...template);
    const state = await az.value('lastRunStatus.runState', 'image', 'builder', 'show', ...template);
    assert.equal(state, 'Succeeded');
    const outputs = z
      .array(z.object({ artifactId: z.string() }))
      .parse(await az.run('image', 'builder', 'show-runs', ...template));
    assert.match(outputs[0]?.artifactId ?? '', /\/images\/anImage$/i);
    const osType = 'storageProfile.osDisk.osType';
    assert.equal(await az.value(osType, 'image', 'show', '-g', group, '-n', 'anImage'), 'Linux');
    assert.equal(await az.value('[].name', 'image', 'list', '-g', group), 'anImage');
    await az.run('image', 'builder', 'delete', ...template);
    const gone = await az.failure('image', 'builder', 'show', ...template);
    assert.match(gone, /ResourceNotFound|was not found/);
  });

  test('a run that takes long is cancelled', async () => {
    const { group } = quickStart();
    using az = quickStart().az.lane();
    const body = quickStartTemplate(quickStart());
    const properties = { ...body.properties, customize: [shell('sleep 900')] };
    const template = ['-g', group, '-n', 'slow'];
    const file = az.file('slow.json', { ...body, properties });
    await az.run('image', 'builder', 'create', ...template, '--image-template', file);
    await az.run('image', 'builder', 'run', ...template, '--no-wait');
    await az.run('image', 'builder', 'cancel', ...template);
    const ended = ['--custom', "lastRunStatus.runState == 'Canceled'", '--interval', '1', '--timeout', '60'];
    await az.run('image', 'builder', 'wait', ...template, ...ended);
    await az.run('image', 'builder', 'delete', ...template);
  });
}
