/** The operations that roles can name, as Azure lists them for this namespace (reference 1.2). */
import type { OperationDescription } from '../resource-provider.ts';
import { namespace } from './template-record.ts';

export const operations: readonly OperationDescription[] = [
  describe('register/action', 'Image Templates', 'Register', 'Register the image builder resource provider'),
  describe(
    'unregister/action',
    'Image Templates',
    'Unregister',
    'Unregister the image builder resource provider',
  ),
  describe('imageTemplates/read', 'VM Image Template', 'Get/List VM Image Templates', 'Read image templates'),
  describe(
    'imageTemplates/write',
    'VM Image Template',
    'Create/Update VM Image Templates',
    'Create or change an image template',
  ),
  describe(
    'imageTemplates/delete',
    'VM Image Template',
    'Delete VM Image Template',
    'Delete an image template',
  ),
  describe(
    'imageTemplates/run/action',
    'VM Image Template',
    'Run VM Image Template',
    'Build the images of an image template',
  ),
  describe(
    'imageTemplates/cancel/action',
    'VM Image Template',
    'Cancel VM Image Build',
    'Cancel a build that is running',
  ),
  describe(
    'imageTemplates/runOutputs/read',
    'VM Image Template Run Output',
    'Get/List Run Outputs',
    'Read the outputs of the last build',
  ),
  describe(
    'imageTemplates/triggers/read',
    'VM Image Template Trigger',
    'Get/List Triggers',
    'Read the triggers of an image template',
  ),
  describe(
    'imageTemplates/triggers/write',
    'VM Image Template Trigger',
    'Create/Update Trigger',
    'Create or change a trigger',
  ),
  describe(
    'imageTemplates/triggers/delete',
    'VM Image Template Trigger',
    'Delete Trigger',
    'Delete a trigger',
  ),
  describe('operations/read', 'Operations', 'List Operations', 'List the operations of the image builder'),
  describe(
    'locations/operations/read',
    'Location Operations',
    'Get Operation Status',
    'Read the state of an asynchronous operation',
  ),
];

function describe(
  name: string,
  resource: string,
  operation: string,
  description: string,
): OperationDescription {
  return {
    name: `${namespace}/${name}`,
    isDataAction: false,
    display: { provider: 'Virtual Machine Image Builder', resource, operation, description },
  };
}
