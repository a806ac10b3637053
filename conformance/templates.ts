/** The parts that the templates of the suite are put together from. */

export const location = 'westus2';

export const debian = {
  ...{ type: 'PlatformImage' as const, publisher: 'Debian', offer: 'debian-12' },
  ...{ sku: '12', version: 'latest' },
};

export function shell(...inline: string[]) {
  return { type: 'Shell' as const, name: 'script', inline };
}

export const toVhd = { type: 'VHD' as const, runOutputName: 'vhd' };

export const noIdentity = { type: 'None' as const };

export function actingAs(identityId: string) {
  return { type: 'UserAssigned' as const, userAssignedIdentities: { [identityId]: {} } };
}
