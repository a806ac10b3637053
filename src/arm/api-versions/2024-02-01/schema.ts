/** The wire of image templates in api-version 2024-02-01: auto run, tags of managed resources and the container subnet arrive; names become strict. */
import { z } from 'zod';
import {
  autoRun,
  buildTimeoutInMinutes,
  errorHandling,
  reportedByService,
  vmBoot,
} from '../../wire/template/build-options.ts';
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
  explicitVersionExcludesVersioning,
  regionsAreUnique,
  runOutputNamesAreUnique,
  storageAccountTypeOnlyWithReplicationRegions,
  targetRegionsExcludeReplicationRegions,
  targetsAreDistinct,
} from '../../wire/template/distribute-rules.ts';
import {
  excludeFromLatest,
  managedImageTarget,
  maxTargets,
  replicationRegions,
  sharedImageFields,
  storageTypes,
  targetRegions,
  versioning,
  vhdTargetWithUri,
} from '../../wire/template/distribute.ts';
import { withRules } from '../../wire/finding.ts';
import { stagingResourceGroup, tags, trackedResource } from '../../wire/template/resource.ts';
import { list, optional, readOnly } from '../../wire/scalars.ts';
import {
  managedImageSource,
  platformImageSource,
  sharedImageVersionOrLatestSource,
} from '../../wire/template/source.ts';
import {
  scriptOrFileValidator,
  sourceValidationNeedsValidators,
  validationSwitches,
  validators,
} from '../../wire/template/validation.ts';
import {
  buildVmIdentities,
  buildVmIdentitiesAreUnique,
  containerSubnetFitsBuildSubnet,
  osDiskSizeGB,
  proxyVmSize,
  proxyVmSizeExcludesContainerSubnet,
  subnetId,
  vmSize,
} from '../../wire/template/vm-profile.ts';

const source = z.discriminatedUnion('type', [
  platformImageSource,
  managedImageSource,
  sharedImageVersionOrLatestSource,
]);

const customizer = z.discriminatedUnion('type', [shell, powerShell, windowsRestart, windowsUpdate, file]);

const vmProfile = withRules(
  z.object({
    vmSize,
    osDiskSizeGB,
    userAssignedIdentities: buildVmIdentities,
    vnetConfig: optional(
      withRules(
        z.object({ subnetId, proxyVmSize, containerInstanceSubnetId: subnetId }),
        proxyVmSizeExcludesContainerSubnet,
        containerSubnetFitsBuildSubnet,
      ),
    ),
  }),
  buildVmIdentitiesAreUnique,
);

const sharedImageTarget = withRules(
  z.object({
    ...sharedImageFields,
    replicationRegions,
    storageAccountType: optional(storageTypes),
    excludeFromLatest,
    targetRegions,
    versioning,
  }),
  regionsAreUnique,
  targetRegionsExcludeReplicationRegions,
  storageAccountTypeOnlyWithReplicationRegions,
  explicitVersionExcludesVersioning,
);

const target = z.discriminatedUnion('type', [managedImageTarget, sharedImageTarget, vhdTargetWithUri]);

const validation = withRules(
  z.object({ ...validationSwitches, inVMValidations: validators(scriptOrFileValidator) }),
  sourceValidationNeedsValidators,
);

const optimize = z.object({ vmBoot });

const properties = withRules(
  z.object({
    source,
    customize: optional(list(customizer, maxSteps)),
    optimize: optional(optimize),
    validate: optional(validation),
    distribute: list(target, maxTargets),
    errorHandling,
    buildTimeoutInMinutes,
    vmProfile: optional(vmProfile),
    stagingResourceGroup: optional(stagingResourceGroup),
    exactStagingResourceGroup: readOnly,
    autoRun,
    managedResourceTags: optional(tags),
    ...reportedByService,
  }),
  distributeIsNotEmpty,
  runOutputNamesAreUnique,
  targetsAreDistinct,
);

/** The body of a PUT. */
export const imageTemplateSchema = z.object({ ...trackedResource, properties });

export type WireImageTemplate = z.output<typeof imageTemplateSchema>;
