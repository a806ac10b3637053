/** The wire of image templates in api-version 2020-02-14: the first stable one. */
import { z } from 'zod';
import { buildTimeoutInMinutes, reportedByService } from '../../wire/template/build-options.ts';
import {
  file,
  maxSteps,
  powerShell,
  shell,
  windowsRestart,
  windowsUpdate,
} from '../../wire/template/customizer.ts';
import {
  distributeIsNotEmpty,
  regionsAreUnique,
  runOutputNamesAreUnique,
  targetsAreDistinct,
} from '../../wire/template/distribute-rules.ts';
import {
  excludeFromLatest,
  managedImageTarget,
  maxTargets,
  replicationRegions,
  sharedImageFields,
  storageTypesBeforePremium,
  vhdTarget,
} from '../../wire/template/distribute.ts';
import { withRules } from '../../wire/finding.ts';
import { trackedResource } from '../../wire/template/resource.ts';
import { list, optional } from '../../wire/scalars.ts';
import {
  managedImageSource,
  platformImageSource,
  sharedImageVersionSource,
} from '../../wire/template/source.ts';
import { osDiskSizeGB, subnetId, vmSize } from '../../wire/template/vm-profile.ts';

const source = z.discriminatedUnion('type', [
  platformImageSource,
  managedImageSource,
  sharedImageVersionSource,
]);

const customizer = z.discriminatedUnion('type', [shell, powerShell, windowsRestart, windowsUpdate, file]);

const vmProfile = z.object({ vmSize, osDiskSizeGB, vnetConfig: optional(z.object({ subnetId })) });

const sharedImageTarget = withRules(
  z.object({
    ...sharedImageFields,
    replicationRegions,
    storageAccountType: optional(storageTypesBeforePremium),
    excludeFromLatest,
  }),
  regionsAreUnique,
);

const target = z.discriminatedUnion('type', [managedImageTarget, sharedImageTarget, vhdTarget]);

const properties = withRules(
  z.object({
    source,
    customize: optional(list(customizer, maxSteps)),
    distribute: list(target, maxTargets),
    buildTimeoutInMinutes,
    vmProfile: optional(vmProfile),
    ...reportedByService,
  }),
  distributeIsNotEmpty,
  runOutputNamesAreUnique,
  targetsAreDistinct,
);

/** The body of a PUT. */
export const imageTemplateSchema = z.object({ ...trackedResource, properties });

export type WireImageTemplate = z.output<typeof imageTemplateSchema>;
