/** What the commands of the quick start share: a group, and an identity that may write images into it. */
import type { Az } from '../az.ts';
import { actingAs, debian, location, shell } from '../templates.ts';

export interface QuickStart {
  readonly az: Az;
  readonly group: string;
  /** Resource id of the group. */
  readonly scope: string;
  readonly identityId: string;
}

export const templateType = 'Microsoft.VirtualMachineImages/imageTemplates';
export const gallery = 'myIbGallery';
export const definition = 'myIbImageDef';

/** The template of the quick start: one customizer, one gallery version in two regions. */
export function quickStartTemplate({ scope, identityId }: QuickStart) {
  return {
    type: templateType,
    ...{ apiVersion: '2022-02-14', location, dependsOn: [] },
    tags: { imagebuilderTemplate: 'AzureImageBuilderSIG', userIdentity: 'enabled' },
    identity: actingAs(identityId),
    properties: {
      buildTimeoutInMinutes: 100,
      vmProfile: { vmSize: 'Standard_D2_v2', osDiskSizeGB: 5 },
      source: debian,
      customize: [shell('sudo mkdir /buildArtifacts', 'sudo cp /etc/os-release /buildArtifacts/')],
      distribute: [
        {
          type: 'SharedImage',
          galleryImageId: `${scope}/providers/Microsoft.Compute/galleries/${gallery}/images/${definition}`,
          runOutputName: 'aibLinuxSIG',
          artifactTags: { source: 'azureVmImageBuilder', baseosimg: 'debian12' },
          replicationRegions: ['westus2', 'eastus'],
        },
      ],
    },
  };
}
