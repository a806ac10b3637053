/** What the identity of a template must be allowed to do for its runs to work (reference 2.8). Pure. */
import type { ImageTemplate, Source, Target } from '../../../model/image-template.ts';
import { assignAction } from './identities.ts';
import type { ProvisioningErrorCode } from './submission-error.ts';

export interface NeededRight {
  readonly action: string;
  readonly scope: string;
  /** Where the template says so. */
  readonly path: string;
  readonly code: ProvisioningErrorCode;
}

/** Every right, in the order of the template. Empty for a template that only makes a VHD of a platform image. */
export function neededRights(template: ImageTemplate): readonly NeededRight[] {
  const { vmProfile } = template;
  const network = vmProfile.vnetConfig;
  const subnets = [
    ['subnetId', network?.subnetId],
    ['containerInstanceSubnetId', network?.containerInstanceSubnetId],
  ] as const;
  return [
    ...ofSource(template.source),
    ...template.distribute.flatMap(ofTarget),
    ...subnets.flatMap(([name, scope]) =>
      scope === undefined
        ? []
        : [
            right(
              'Microsoft.Network/virtualNetworks/subnets/join/action',
              scope,
              `vmProfile.vnetConfig.${name}`,
            ),
          ],
    ),
    ...vmProfile.userAssignedIdentities.map((scope, index) =>
      right(assignAction, scope, `vmProfile.userAssignedIdentities[${index}]`),
    ),
  ];
}

function ofSource(source: Source): readonly NeededRight[] {
  switch (source.type) {
    case 'PlatformImage':
      return [];
    case 'ManagedImage':
      return [
        right('Microsoft.Compute/images/read', source.imageId, 'source.imageId', 'BadManagedImageSource'),
      ];
    default: {
      const scope = source.imageVersionId;
      const action = 'Microsoft.Compute/galleries/images/versions/read';
      return [right(action, scope, 'source.imageVersionId', 'BadSharedImageVersionSource')];
    }
  }
}

function ofTarget(target: Target, index: number): readonly NeededRight[] {
  const path = `distribute[${index}]`;
  switch (target.type) {
    case 'VHD':
      return [];
    case 'ManagedImage':
      return [right('Microsoft.Compute/images/write', target.imageId, `${path}.imageId`)];
    default: {
      const action = 'Microsoft.Compute/galleries/images/versions/write';
      const scope = target.imageDefinitionId;
      return [right(action, scope, `${path}.galleryImageId`, 'BadSharedImageDistribute')];
    }
  }
}

function right(
  action: string,
  scope: string,
  path: string,
  code: ProvisioningErrorCode = 'Other',
): NeededRight {
  return { action, scope, path: `$.properties.${path}`, code };
}
