/** VM sizes as Azure lists them: `…/locations/{location}/vmSizes` and `…/skus`. */
import { findVmSize, type VmSize } from '../../../vm/vm-sizes.ts';
import { findLocation, locations, requireLocation } from '../../arm/locations.ts';
import { queryParameter } from '../../arm/paging.ts';
import type { ProviderRoute } from '../../resource-provider.ts';
import { computeVersions } from '../compute-deps.ts';
import { invalidParameter } from '../compute-errors.ts';

const skuVersions = ['2021-07-01', '2019-04-01', '2017-09-01'];
const MIB = 2 ** 20;
const OS_DISK_MIB = 1_047_552;

/** Of each family the members that Azure has; their shapes are known elsewhere. */
const families: Readonly<Record<string, readonly string[]>> = {
  Standard_B: ['1ls', '1s', '1ms', '2s', '2ms', '4ms', '8ms', '12ms', '16ms', '20ms'],
  Standard_A: ['1_v2', '2_v2', '4_v2', '8_v2', '2m_v2', '4m_v2', '8m_v2'],
  Standard_D: [
    ...['1_v2', '2_v2', '3_v2', '4_v2', '5_v2', '11_v2', '12_v2', '13_v2', '14_v2', '15_v2'],
    ...members([2, 4, 8, 16, 32, 48, 64], ['_v3', 's_v3', '_v4', 's_v4', 'd_v4', 'ds_v4']),
    ...members([2, 4, 8, 16, 32, 48, 64, 96], ['_v5', 's_v5', 'd_v5', 'ds_v5', 'as_v5', 'ads_v5', 'ls_v5']),
  ],
  Standard_DS: ['1_v2', '2_v2', '3_v2', '4_v2', '5_v2', '11_v2', '12_v2', '13_v2', '14_v2', '15_v2'],
  Standard_E: [
    ...members([2, 4, 8, 16, 32, 48, 64], ['_v3', 's_v3', '_v4', 's_v4', 'd_v4', 'ds_v4']),
    ...members([2, 4, 8, 16, 32, 48, 64, 96], ['_v5', 's_v5', 'd_v5', 'ds_v5', 'as_v5', 'ads_v5']),
  ],
  Standard_F: members([2, 4, 8, 16, 32, 48, 64, 72], ['s_v2']),
};

function members(cpus: readonly number[], endings: readonly string[]): readonly string[] {
  return endings.flatMap((ending) => cpus.map((count) => `${count}${ending}`));
}

/** Every size that is listed; a build VM may have any that {@link findVmSize} knows. */
export function listedVmSizes(): readonly VmSize[] {
  return Object.entries(families)
    .flatMap(([prefix, ends]) => ends.map((end) => findVmSize(`${prefix}${end}`)))
    .filter((size) => size !== undefined);
}

export function sizeRoutes(): readonly ProviderRoute[] {
  return [
    {
      method: 'GET',
      path: '/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}/vmSizes',
      apiVersions: computeVersions,
      action: 'Microsoft.Compute/locations/vmSizes/read',
      handler: async (_request, { location }) => {
        requireLocation(location, 'Microsoft.Compute/locations/vmSizes');
        return { status: 200, body: { value: listedVmSizes().map(sizeWire) } };
      },
    },
    {
      method: 'GET',
      path: '/subscriptions/{subscriptionId}/providers/Microsoft.Compute/skus',
      apiVersions: skuVersions,
      action: 'Microsoft.Compute/skus/read',
      handler: async ({ url }) => {
        const wanted = filteredLocation(queryParameter(url, '$filter'));
        const places = wanted === undefined ? locations.map(({ name }) => name) : [wanted];
        return { status: 200, body: { value: listedVmSizes().map((size) => skuWire(size, places)) } };
      },
    },
  ];
}

function sizeWire({ name, cpus, memoryBytes }: VmSize): object {
  return {
    name,
    numberOfCores: cpus,
    osDiskSizeInMB: OS_DISK_MIB,
    resourceDiskSizeInMB: 0,
    memoryInMB: Math.floor(memoryBytes / MIB),
    maxDataDiskCount: cpus * 2,
  };
}

function skuWire({ name, cpus, memoryBytes }: VmSize, places: readonly string[]): object {
  return {
    resourceType: 'virtualMachines',
    name,
    tier: 'Standard',
    size: name.replace(/^Standard_/, ''),
    family: `standard${name.replace(/^Standard_|\d+/g, '')}Family`,
    locations: places,
    locationInfo: places.map((location) => ({
      location,
      zones: findLocation(location)?.zones === true ? ['1', '2', '3'] : [],
      zoneDetails: [],
    })),
    capabilities: [
      { name: 'vCPUs', value: String(cpus) },
      { name: 'MemoryGB', value: String(memoryBytes / (1024 * MIB)) },
      { name: 'HyperVGenerations', value: 'V1,V2' },
      { name: 'CpuArchitectureType', value: 'x64' },
    ],
    restrictions: [],
  };
}

/** `location eq 'westus2'`, the only filter that Azure takes here. */
function filteredLocation(filter: string | undefined): string | undefined {
  if (filter === undefined || filter.trim() === '') return undefined;
  const name = /^\s*location\s+eq\s+'([^']*)'\s*$/i.exec(filter)?.[1];
  if (name === undefined)
    throw invalidParameter('$filter', "Only the filter location eq '<name>' is supported.");
  return requireLocation(name, 'Microsoft.Compute/skus');
}
