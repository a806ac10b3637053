/** A template that any api-version accepted, seen through all of them: nothing lost, nothing invented. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageTemplate, Target } from '../../../model/image-template.ts';
import {
  apiVersions,
  newestApiVersion,
  templateWires,
  type ApiVersion,
} from '../../api-versions/supported.ts';
import { damagedTemplate, pick, randomNumbers } from '../../testing/damaged-templates.ts';
import {
  bodyTexts,
  completeLinuxBody,
  completeWindowsBody,
  smallBody,
} from '../../testing/template-bodies.ts';
import { checkWire } from '../../wire/check-wire.ts';
import { showTemplate } from './show-template.ts';
import { documentOf, templateOf } from './template-document.ts';

test('thousands of damaged templates are refused, or read back the same in every api-version', () => {
  const random = randomNumbers(7);
  let accepted = 0;
  for (let round = 0; round < 6000; round += 1) {
    const apiVersion = pick(apiVersions, random);
    const body = random() < 0.05 ? JSON.parse(pick(bodyTexts, random)) : damagedTemplate(random, bodyTexts);
    if (holdsInEveryView(body, apiVersion)) accepted += 1;
  }
  assert.ok(accepted > 1000, `only ${accepted} of 6000 were accepted`);
});

for (const [name, body] of Object.entries({ completeLinuxBody, completeWindowsBody, smallBody })) {
  test(`${name} reads back the same in every api-version`, () => {
    assert.ok(holdsInEveryView(body, newestApiVersion));
  });
}

/** @returns false when `apiVersion` refuses the body. */
function holdsInEveryView(body: unknown, apiVersion: ApiVersion): boolean {
  const accepted = templateWires[apiVersion].accept(body);
  if (!accepted.ok) {
    assert.ok(accepted.issues.length > 0);
    return false;
  }
  const { template } = accepted.value;
  const document = JSON.parse(JSON.stringify(documentOf(accepted.value)));
  assert.deepEqual(templateOf(document, 'n'), { ...template, name: 'n' });
  for (const view of apiVersions) {
    const shown = showTemplate(document, view);
    const wire = templateWires[view];
    const strict = checkWire(wire.schema, shown, 'strict');
    const expected = sayable(template, view);
    if (!isReadable(expected, view)) continue;
    assert.ok(strict.ok, JSON.stringify({ view, shown, strict }));
    const read = wire.read(shown);
    assert.ok(read.ok);
    assert.deepEqual(sayable(read.value, view), expected, `as ${view}: ${JSON.stringify(shown)}`);
  }
  return true;
}

/** Two things that an old version shows although it would refuse them. */
function isReadable({ source, validate }: ImageTemplate, view: ApiVersion): boolean {
  if (view >= '2022-07-01') return true;
  const isLatest = source.type === 'SharedImageVersion' && source.imageVersionId.endsWith('/latest');
  return !isLatest && !(validate?.sourceValidationOnly === true && validate.inVMValidations.length === 0);
}

/** What `view` has words for; the rest as that version means it when it says nothing. */
function sayable(template: ImageTemplate, view: ApiVersion): ImageTemplate {
  const { vmProfile, validate } = template;
  const network = vmProfile.vnetConfig;
  const vnetConfig = {
    subnetId: network?.subnetId,
    proxyVmSize: view < '2021-10-01' ? undefined : network?.proxyVmSize,
    containerInstanceSubnetId: view < '2024-02-01' ? undefined : network?.containerInstanceSubnetId,
  };
  return {
    ...template,
    validate:
      validate === undefined || view < '2022-02-14'
        ? undefined
        : {
            ...validate,
            inVMValidations: validate.inVMValidations.filter(
              ({ type }) => view >= '2022-07-01' || type !== 'File',
            ),
          },
    optimize: {
      vmBoot: view >= '2022-07-01' && template.optimize.vmBoot,
      workload: view < '2025-10-01' ? undefined : template.optimize.workload,
    },
    distribute: template.distribute.map((target) => sayableTarget(target, view)),
    errorHandling:
      view < '2023-07-01'
        ? { onCustomizerError: 'cleanup', onValidationError: 'cleanup' }
        : template.errorHandling,
    vmProfile: {
      ...vmProfile,
      userAssignedIdentities: view < '2021-10-01' ? [] : vmProfile.userAssignedIdentities,
      vnetConfig: Object.values(vnetConfig).every((value) => value === undefined) ? undefined : vnetConfig,
    },
    additionalDataDisks: view < '2025-10-01' ? [] : template.additionalDataDisks,
    stagingResourceGroup: view < '2022-02-14' ? undefined : template.stagingResourceGroup,
    autoRun: view >= '2024-02-01' && template.autoRun,
    managedResourceTags: view < '2024-02-01' ? {} : template.managedResourceTags,
  };
}

function sayableTarget(target: Target, view: ApiVersion): Target {
  if (target.type === 'VHD') return { ...target, uri: view < '2022-07-01' ? undefined : target.uri };
  if (target.type !== 'SharedImage' || view >= '2025-10-01') return target;
  const full = { ...target, replicationMode: 'Full' as const };
  if (view >= '2022-07-01') return full;
  const [storage = 'Standard_LRS', ...more] = new Set(
    target.targetRegions.map((region) => region.storageAccountType),
  );
  const storageAccountType = more.length > 0 || storage === 'Premium_LRS' ? 'Standard_LRS' : storage;
  return {
    ...full,
    versioning: { scheme: 'Latest', major: undefined },
    targetRegions: target.targetRegions.map(({ name }) => ({ name, replicaCount: 1, storageAccountType })),
  };
}
