/** `Microsoft.Compute`: managed images, galleries, platform images, and what a build VM looks like meanwhile. */
import { describeOperations } from '../resources/describe-operations.ts';
import type { ResourceProvider } from '../resource-provider.ts';
import { buildMachines } from './build-machines.ts';
import { COMPUTE, type ComputeDeps } from './compute-deps.ts';
import { imageDefinitions } from './galleries/definitions.ts';
import { galleries } from './galleries/galleries.ts';
import { imageVersions } from './galleries/versions.ts';
import { managedImages } from './images/managed-images.ts';
import { startImports } from './import-queue.ts';
import { platformRoutes } from './platform/platform-routes.ts';
import { sizeRoutes } from './vm-sizes/size-routes.ts';

/** Milliseconds for imports to stop; the next start goes on with them. */
const CLOSE_WITHIN_MS = 5000;

/** The provider; imports of VHDs are worked on until it is disposed of. */
export async function createComputeProvider(deps: ComputeDeps): Promise<ResourceProvider> {
  const imports = await startImports(deps);
  return {
    namespace: COMPUTE,
    registeredByDefault: true,
    types: [
      managedImages(deps),
      galleries(deps),
      imageDefinitions(deps),
      imageVersions(deps),
      ...buildMachines(deps),
    ],
    routes: [...platformRoutes(deps), ...sizeRoutes()],
    operations: describeOperations('Microsoft Compute', {
      'Microsoft.Compute/images': ['managed image', 'read', 'write', 'delete'],
      'Microsoft.Compute/galleries': ['gallery', 'read', 'write', 'delete'],
      'Microsoft.Compute/galleries/images': ['image definition', 'read', 'write', 'delete'],
      'Microsoft.Compute/galleries/images/versions': ['image version', 'read', 'write', 'delete'],
      'Microsoft.Compute/virtualMachines': ['virtual machine', 'read', 'delete'],
      'Microsoft.Compute/disks': ['disk', 'read', 'delete'],
      'Microsoft.Compute/skus': ['resource SKU', 'read'],
      'Microsoft.Compute/locations/vmSizes': ['virtual machine size', 'read'],
      'Microsoft.Compute/locations/publishers': ['publisher', 'read'],
    }),
    [Symbol.asyncDispose]: async () => imports.stop(CLOSE_WITHIN_MS),
  };
}
