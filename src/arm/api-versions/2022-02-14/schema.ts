/** The wire of image templates in api-version 2022-02-14: validators and the staging resource group arrive. */
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
import { stagingResourceGroup, trackedResource } from '../../wire/template/resource.ts';
import { list, optional, readOnly } from '../../wire/scalars.ts';
import {
  managedImageSource,
  platformImageSource,
  sharedImageVersionSource,
} from '../../wire/template/source.ts';
import {
  scriptValidator,
  sourceValidationNeedsValidators,
  validationSwitches,
  validators,
} from '../../wire/template/validation.ts';
import {
  buildVmIdentities,
  buildVmIdentitiesAreUnique,
  osDiskSizeGB,
  proxyVmSize,
  subnetId,
  vmSize,
} from '../../wire/template/vm-profile.ts';

const source = z.discriminatedUnion('type', [
  platformImageSource,
  managedImageSource,
  sharedImageVersionSource,
]);

const customizer = z.discriminatedUnion('type', [shell, powerShell, windowsRestart, windowsUpdate, file]);

const vmProfile = withRules(
  z.object({
    vmSize,
    osDiskSizeGB,
    userAssignedIdentities: buildVmIdentities,
    vnetConfig: optional(z.object({ subnetId, proxyVmSize })),
  }),
  buildVmIdentitiesAreUnique,
);

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

const validation = withRules(
  z.object({ ...validationSwitches, inVMValidations: validators(scriptValidator) }),
  sourceValidationNeedsValidators,
);

const properties = withRules(
  z.object({
    source,
    customize: optional(list(customizer, maxSteps)),
    validate: optional(validation),
    distribute: list(target, maxTargets),
    buildTimeoutInMinutes,
    vmProfile: optional(vmProfile),
    stagingResourceGroup: optional(stagingResourceGroup),
    exactStagingResourceGroup: readOnly,
    ...reportedByService,
  }),
  distributeIsNotEmpty,
  runOutputNamesAreUnique,
  targetsAreDistinct,
);

/** The body of a PUT. */
export const imageTemplateSchema = z.object({ ...trackedResource, properties });

export type WireImageTemplate = z.output<typeof imageTemplateSchema>;
