/** `az resource`: a template as the documentation submits it, and what becomes of it in the gallery. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { definition, gallery, quickStartTemplate, templateType, type QuickStart } from './quick-start.ts';

const name = 'helloImageTemplateforSIG01';
const withState = z.object({ provisioningState: z.string() });

export function testGenericTemplate(quickStart: () => QuickStart): void {
  test('a template is submitted as a generic resource, run with invoke-action and followed', async () => {
    const { group } = quickStart();
    using az = quickStart().az.lane();
    const template = ['-g', group, '--resource-type', templateType, '-n', name];
    const body = az.file('template.json', quickStartTemplate(quickStart()));
    const create = ['resource', 'create', ...template, '--properties', `@${body}`, '--is-full-object'];
    const submitted = z.object({ properties: withState }).parse(await az.run(...create));
    assert.equal(submitted.properties.provisioningState, 'Succeeded');
    await az.run('resource', 'invoke-action', ...template, '--action', 'Run');
    const state = await az.value('properties.lastRunStatus.runState', 'resource', 'show', ...template);
    assert.equal(state, 'Succeeded');
    assert.match(
      await az.failure(...create),
      /Update\/Upgrade of image templates is currently not supported/,
      'a second PUT is refused',
    );

    const image = ['-g', group, '--gallery-name', gallery, '--gallery-image-definition', definition];
    const versions = z
      .array(z.object({ name: z.string(), provisioningState: z.string() }))
      .parse(await az.run('sig', 'image-version', 'list', ...image));
    assert.deepEqual(
      versions.map(({ provisioningState }) => provisioningState),
      ['Succeeded'],
    );
    const version = ['--gallery-image-version', versions[0]?.name ?? ''];
    const regions = await az.value(
      'publishingProfile.targetRegions[].name',
      ...['sig', 'image-version', 'show', ...image, ...version],
    );
    assert.deepEqual(regions.split(/\n/), ['West US 2', 'East US']);
    await az.run('resource', 'delete', ...template);
    assert.match(await az.failure('resource', 'show', ...template), /ResourceNotFound|was not found/);
  });
}
