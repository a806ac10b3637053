/** Who a machine is and what it is made of, apart from whether it runs. */
import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { GuestNetwork, VmDisk, VmKernel, VmMemory, VmSpec } from '../vm/hypervisor.ts';
import { randomGuestAddress } from '../vm/network/user-network.ts';

/** Everything that makes a machine this machine; enough to describe it again for a restore. */
export const machineSchema = z.object({
  name: z.string(),
  vmId: z.string(),
  macAddress: z.string(),
  /** IPv4 address on its segment. */
  address: z.string(),
  hostName: z.string(),
  userName: z.string(),
  generation: z.enum(['V1', 'V2']),
  vmSize: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  accelerator: z.enum(['kvm', 'tcg']),
  cpuModel: z.string(),
  provisioning: z.enum(['azure', 'nocloud']),
});

export type MachineDescription = Readonly<z.infer<typeof machineSchema>>;

/** What no two machines share. */
type MachineIdentity = Pick<MachineDescription, 'name' | 'vmId' | 'macAddress' | 'address' | 'hostName'>;

/** The build user inside the guest. Gone from every image that is generalized. */
const GUEST_USER_NAME = 'goldsmith';

/** A new machine of that shape. */
export function describeMachine(
  name: string,
  shape: Omit<MachineDescription, keyof MachineIdentity | 'userName'>,
): MachineDescription {
  return { ...shape, ...newIdentity(name), userName: GUEST_USER_NAME };
}

/**
 * Nothing of it is shared with another machine but perhaps, once in 251 times, the address: each is alone on a segment of its own.
 * `name` is for people; `notAddress` is the address of the machine that this one is a copy of.
 */
export function newIdentity(name: string, notAddress?: string): MachineIdentity {
  return {
    name,
    vmId: randomUUID(),
    macAddress: randomMac(),
    address: randomGuestAddress(notAddress),
    hostName: `gs-${randomBytes(4).toString('hex')}`,
  };
}

/** The machine as the hypervisor wants it. */
export function machineSpec(
  machine: MachineDescription,
  parts: {
    readonly disk: VmDisk;
    readonly discs: readonly string[];
    readonly network: GuestNetwork | undefined;
    readonly workDir: string;
    readonly kernel?: VmKernel | undefined;
    readonly memory?: VmMemory | undefined;
  },
): VmSpec {
  const { disk, discs, network, workDir, kernel, memory } = parts;
  const { name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel } = machine;
  return {
    ...{ name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel },
    secureBoot: false,
    azureIdentity: machine.provisioning === 'azure',
    // under emulation the agent's start and its polling would take a tenth of a build's time, and nothing needs it:
    // cloud-init reports readiness, and deprovisioning does not talk to the running agent
    hyperV: machine.provisioning === 'azure' && accelerator === 'kvm',
    ...{ disk, discs, network, workDir },
    ...(kernel === undefined ? {} : { kernel }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** A locally administered unicast address with QEMU's usual prefix. */
function randomMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['52', '54', '00', ...tail].join(':');
}
