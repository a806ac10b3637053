/** Lifts a checked 2023-07-01 body to the domain model; what the version lacks takes its default. */
import type { ImageTemplate } from '../../../model/image-template.ts';
import { fromBuildTimeout, fromErrorHandling, fromOptimize } from '../../wire/template/build-options.ts';
import { fromCustomizer } from '../../wire/template/customizer.ts';
import { fromTarget } from '../../wire/template/distribute.ts';
import { fromEnvelope } from '../../wire/template/resource.ts';
import { fromSource } from '../../wire/template/source.ts';
import { fromValidation } from '../../wire/template/validation.ts';
import { fromVmProfile } from '../../wire/template/vm-profile.ts';
import type { WireImageTemplate } from './schema.ts';

export function translate(wire: WireImageTemplate): ImageTemplate {
  const { properties } = wire;
  return {
    ...fromEnvelope(wire),
    source: fromSource(properties.source),
    customize: (properties.customize ?? []).map(fromCustomizer),
    optimize: fromOptimize(properties.optimize),
    validate: fromValidation(properties.validate),
    distribute: properties.distribute.map(fromTarget),
    errorHandling: fromErrorHandling(properties.errorHandling),
    buildTimeoutMs: fromBuildTimeout(properties.buildTimeoutInMinutes),
    vmProfile: fromVmProfile(properties.vmProfile),
    additionalDataDisks: [],
    stagingResourceGroup: properties.stagingResourceGroup || undefined,
    autoRun: false,
    managedResourceTags: {},
  };
}
