/**
 * An image template as it is kept: the shape of the newest api-version with every name corrected and with the
 * defaults filled in that Azure's own answers show (reference 1.4), so that each api-version is a view of it.
 */
import type { ImageTemplate } from '../../../model/image-template.ts';
import type { JsonObject } from '../../../model/json.ts';
import { newestApiVersion, templateWires, type AcceptedTemplate } from '../../api-versions/supported.ts';
import { regionName } from '../../wire/template/resource.ts';
import { changeEntries, changeObject } from './edit.ts';
import { showTemplate } from './show-template.ts';

/** `location`, `tags`, `identity` and `properties`; what the service reports stands inside `properties`. */
export type TemplateDocument = JsonObject;

/** What is kept of an accepted body. */
export function documentOf({ body, template }: AcceptedTemplate): TemplateDocument {
  const { properties, ...envelope } = withDefaults(body);
  return {
    ...envelope,
    location: regionName(template.location),
    ...(properties === undefined ? {} : { properties }),
  };
}

/**
 * The domain model of a kept document.
 * @throws Error for a document that `documentOf` never made.
 */
export function templateOf(document: TemplateDocument, name: string): ImageTemplate {
  const read = templateWires[newestApiVersion].read(showTemplate(document, newestApiVersion));
  if (read.ok) return { ...read.value, name };
  const [first] = read.issues;
  throw new Error(
    `Template '${name}' is kept in a form that cannot be read: ${first?.path} ${first?.message}`,
  );
}

function withDefaults(body: JsonObject): JsonObject {
  return changeObject(body, 'properties', (properties) => {
    const steps = changeEntries({ buildTimeoutInMinutes: 0, ...properties }, 'customize', stepDefaults);
    const validated = changeObject(steps, 'validate', (validate) => ({
      continueDistributeOnFailure: false,
      sourceValidationOnly: false,
      ...changeEntries(validate, 'inVMValidations', stepDefaults),
    }));
    const sized = changeObject(validated, 'vmProfile', (profile) => ({
      vmSize: '',
      osDiskSizeGB: 0,
      ...profile,
    }));
    return changeEntries(sized, 'distribute', targetDefaults);
  });
}

function stepDefaults(step: JsonObject): JsonObject {
  const checksum = 'scriptUri' in step || 'sourceUri' in step ? { sha256Checksum: '' } : {};
  switch (step['type']) {
    case 'PowerShell':
      return { ...checksum, runElevated: false, runAsSystem: false, ...step };
    case 'WindowsUpdate':
      return { updateLimit: 0, ...step };
    case 'WindowsRestart':
      return { restartTimeout: '5m', ...step };
    default:
      return { ...checksum, ...step };
  }
}

function targetDefaults(target: JsonObject): JsonObject {
  if (target['type'] !== 'SharedImage') return { artifactTags: {}, ...target };
  const regions = changeEntries(target, 'targetRegions', (region) => ({
    replicaCount: 1,
    storageAccountType: 'Standard_LRS',
    ...region,
  }));
  return { artifactTags: {}, excludeFromLatest: false, ...regions };
}
