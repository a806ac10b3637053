/** Who a machine is and what it is made of, apart from whether it runs. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Generation } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import type { Accelerator, GuestNetwork, VmDisk, VmKernel, VmSpec } from '../vm/hypervisor.ts';

/** Everything that makes a machine this machine; enough to describe it again for a restore. */
export interface MachineDescription {
  readonly name: string;
  readonly vmId: string;
  readonly macAddress: string;
  readonly hostName: string;
  readonly userName: string;
  readonly generation: Generation;
  readonly vmSize: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: Accelerator;
  readonly cpuModel: string;
  readonly provisioning: Provisioning;
}

/** The build user inside the guest. Gone from every image that is generalized. */
const GUEST_USER_NAME = 'goldsmith';

/** A new identity: nothing of it is shared with another machine. */
export function describeMachine(
  name: string,
  shape: Omit<MachineDescription, 'name' | 'vmId' | 'macAddress' | 'hostName' | 'userName'>,
): MachineDescription {
  return {
    name,
    vmId: randomUUID(),
    macAddress: randomMac(),
    hostName: `gs-${randomBytes(4).toString('hex')}`,
    userName: GUEST_USER_NAME,
    ...shape,
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
    readonly kernel: VmKernel | undefined;
  },
): VmSpec {
  const { kernel, ...others } = parts;
  const { name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel } = machine;
  return {
    ...{ name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel },
    secureBoot: false,
    azureIdentity: machine.provisioning === 'azure',
    // under emulation the agent's start and its polling would take a tenth of a build's time, and nothing needs it:
    // cloud-init reports readiness, and deprovisioning does not talk to the running agent
    hyperV: machine.provisioning === 'azure' && accelerator === 'kvm',
    ...others,
    ...(kernel === undefined ? {} : { kernel }),
  };
}

/** A locally administered unicast address with QEMU's usual prefix. */
function randomMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['52', '54', '00', ...tail].join(':');
}
