/**
 * The build VM of a run as resources of its staging group: what people find there on Azure while Packer works
 * (reference 2.2). They are shown, not asked: the machine itself is the engine's.
 */
import type { JsonObject } from '../model/json.ts';
import { GIB } from '../model/sizes.ts';
import type { ResourceDraft } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { StagedMachine, StagingView } from './run-ports.ts';
import type { StagingPlace } from './run-service.ts';

interface ShownResource {
  readonly type: string;
  /** Beginning of the name, as Packer's Azure builder writes it. */
  readonly prefix: string;
  readonly body: (machine: StagedMachine, id: (type: string) => string) => JsonObject;
}

const VIRTUAL_MACHINE = 'Microsoft.Compute/virtualMachines';
const DISK = 'Microsoft.Compute/disks';
const NETWORK = 'Microsoft.Network/virtualNetworks';
const SECURITY_GROUP = 'Microsoft.Network/networkSecurityGroups';
const ADDRESS = 'Microsoft.Network/publicIPAddresses';
const INTERFACE = 'Microsoft.Network/networkInterfaces';

/** In the order in which they are made: each names those before it. */
const shown: readonly ShownResource[] = [
  {
    type: NETWORK,
    prefix: 'pkrvn',
    body: (_machine, id) => ({
      properties: {
        provisioningState: 'Succeeded',
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [
          {
            id: `${id(NETWORK)}/subnets/default`,
            name: 'default',
            properties: { provisioningState: 'Succeeded', addressPrefix: '10.0.0.0/24' },
          },
        ],
      },
    }),
  },
  {
    type: SECURITY_GROUP,
    prefix: 'pkrsg',
    body: () => ({ properties: { provisioningState: 'Succeeded', securityRules: [] } }),
  },
  {
    type: ADDRESS,
    prefix: 'pkrip',
    body: () => ({
      sku: { name: 'Standard', tier: 'Regional' },
      properties: {
        provisioningState: 'Succeeded',
        publicIPAllocationMethod: 'Static',
        publicIPAddressVersion: 'IPv4',
        idleTimeoutInMinutes: 4,
      },
    }),
  },
  {
    type: INTERFACE,
    prefix: 'pkrni',
    body: (_machine, id) => ({
      properties: {
        provisioningState: 'Succeeded',
        networkSecurityGroup: { id: id(SECURITY_GROUP) },
        ipConfigurations: [
          {
            name: 'ipconfig',
            properties: {
              provisioningState: 'Succeeded',
              primary: true,
              privateIPAddress: '10.0.0.4',
              privateIPAllocationMethod: 'Dynamic',
              privateIPAddressVersion: 'IPv4',
              subnet: { id: `${id(NETWORK)}/subnets/default` },
              publicIPAddress: { id: id(ADDRESS) },
            },
          },
        ],
      },
    }),
  },
  {
    type: DISK,
    prefix: 'pkros',
    body: ({ osDiskSizeBytes, osType, generation }, id) => ({
      sku: { name: 'Premium_LRS', tier: 'Premium' },
      managedBy: id(VIRTUAL_MACHINE),
      properties: {
        provisioningState: 'Succeeded',
        diskState: 'Attached',
        diskSizeGB: Math.ceil(osDiskSizeBytes / GIB),
        diskSizeBytes: osDiskSizeBytes,
        osType,
        hyperVGeneration: generation,
        creationData: { createOption: 'FromImage' },
      },
    }),
  },
  {
    type: VIRTUAL_MACHINE,
    prefix: 'pkrvm',
    body: ({ vmSize, osType, runId }, id) => ({
      properties: {
        provisioningState: 'Succeeded',
        vmId: runId,
        hardwareProfile: { vmSize },
        storageProfile: {
          osDisk: { osType, createOption: 'FromImage', managedDisk: { id: id(DISK) } },
          dataDisks: [],
        },
        networkProfile: { networkInterfaces: [{ id: id(INTERFACE), properties: { primary: true } }] },
      },
    }),
  },
];

/** Who made them, as `systemData` tells. */
const CREATED_BY = 'Azure Virtual Machine Image Builder';

/** @param now milliseconds since 1970. */
export function createStagingView(store: Store, now: () => number): StagingView {
  return {
    show: async (machine) => {
      const at = new Date(now()).toISOString();
      await store.transaction(async ({ resources, runs }) => {
        const run = await runs.get(machine.runId);
        if (run === undefined || (run.state !== 'Running' && run.state !== 'Canceling')) return;
        for (const resource of shown) await resources.insert(draftOf(resource, machine, at));
      });
    },
    hide: async ({ runId, staging }) => {
      await store.transaction(async ({ resources }) => {
        for (const { type, prefix } of shown.toReversed()) {
          await resources.remove(idOf(staging, type, nameOf(prefix, runId)));
        }
      });
    },
  };
}

function draftOf({ type, prefix, body }: ShownResource, machine: StagedMachine, at: string): ResourceDraft {
  const { runId, staging, location, tags } = machine;
  const name = nameOf(prefix, runId);
  const idOfType = (wanted: string): string =>
    idOf(staging, wanted, nameOf(shown.find((one) => one.type === wanted)?.prefix ?? '', runId));
  return {
    id: idOf(staging, type, name),
    ...{ type, name, location, tags },
    subscriptionId: staging.subscriptionId,
    resourceGroup: staging.resourceGroup,
    body: body(machine, idOfType),
    secret: undefined,
    createdAt: at,
    createdBy: CREATED_BY,
    createdByType: 'Application',
    changedAt: at,
    changedBy: CREATED_BY,
    changedByType: 'Application',
  };
}

/** Packer's names end with ten letters; these ten say which run it is. */
function nameOf(prefix: string, runId: string): string {
  return `${prefix}${runId.replaceAll('-', '').slice(0, 10)}`;
}

function idOf({ subscriptionId, resourceGroup }: StagingPlace, type: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}
