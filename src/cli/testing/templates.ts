/** Template files for tests of the command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The smallest template that is valid. */
export const smallTemplate = {
  apiVersion: '2024-02-01',
  location: 'westeurope',
  identity: {
    type: 'UserAssigned',
    userAssignedIdentities: {
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder':
        {},
    },
  },
  properties: {
    source: {
      type: 'PlatformImage',
      publisher: 'Debian',
      offer: 'debian-12',
      sku: '12-gen2',
      version: 'latest',
    },
    customize: [{ type: 'Shell', name: 'hello', inline: ['echo hello'] }],
    distribute: [{ type: 'VHD', runOutputName: 'disk' }],
  },
};

/** Writes `template` into `folder` and gives its path. */
export function writeTemplate(folder: string, name: string, template: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(template));
  return path;
}
