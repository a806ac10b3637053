/** Small templates for tests, in the domain's own form. */
import type { ImageTemplate, ShellCustomizer, Source } from '../../model/image-template.ts';

const compute =
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/tests/providers/Microsoft.Compute';

/** ARM id of a managed image of the tests. */
export function testImageId(name: string): string {
  return `${compute}/images/${name}`;
}

/** ARM id of an image definition of the tests. */
export function testDefinitionId(name: string): string {
  return `${compute}/galleries/tests/images/${name}`;
}

export function debian12(sku: '12' | '12-gen2'): Source {
  return {
    type: 'PlatformImage',
    publisher: 'Debian',
    offer: 'debian-12',
    sku,
    version: 'latest',
    planInfo: undefined,
  };
}

export function inlineShell(name: string, ...lines: readonly string[]): ShellCustomizer {
  return { type: 'Shell', name, script: { from: 'inline', lines } };
}

/** A template with everything defaulted but what a test names. */
export function testTemplate(name: string, parts: Partial<ImageTemplate>): ImageTemplate {
  return {
    name,
    location: 'westus2',
    tags: {},
    identity: { type: 'None', userAssignedIdentities: [] },
    source: debian12('12-gen2'),
    customize: [],
    optimize: { vmBoot: false, workload: undefined },
    validate: undefined,
    distribute: [{ type: 'VHD', runOutputName: 'disk', artifactTags: {}, uri: undefined }],
    errorHandling: { onCustomizerError: 'cleanup', onValidationError: 'cleanup' },
    buildTimeoutMs: 40 * 60_000,
    vmProfile: {
      vmSize: 'Standard_B2s',
      osDiskSizeGB: undefined,
      userAssignedIdentities: [],
      vnetConfig: undefined,
    },
    additionalDataDisks: [],
    stagingResourceGroup: undefined,
    autoRun: false,
    managedResourceTags: {},
    ...parts,
  };
}
