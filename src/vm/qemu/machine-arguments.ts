/** A `VmSpec` as QEMU's argument array. Pure; every path is absolute and made by us. */
import type { VmKernel, VmSpec } from '../hypervisor.ts';
import { diskNode, topNode } from './disk-node.ts';

/** Descriptors that QEMU inherits, in `stdio` order after stdin, stdout and stderr. */
export const inheritedDescriptors = { monitor: 3, serial: 4, network: 5, control: 6, memory: 7 } as const;

export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** `7783-7084-3265-9085-8269-3286-77` is how guests recognise Azure: cloud-init, ds-identify, walinuxagent. */
const AZURE_CHASSIS_ASSET_TAG = '7783-7084-3265-9085-8269-3286-77';

/** Translation cache for emulation, MiB. Smaller is slower to boot; larger gains nothing. */
const TCG_CACHE_MIB = 512;

export function machineArguments(spec: VmSpec, firmware: Firmware | undefined): readonly string[] {
  return [
    'qemu-system-x86_64',
    '-nodefaults',
    '-no-user-config',
    ...['-name', `guest=${spec.name},process=goldsmith-${spec.name}`],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', machineType(spec)],
    ...['-accel', spec.accelerator === 'tcg' ? `tcg,thread=multi,tb-size=${TCG_CACHE_MIB}` : 'kvm'],
    ...['-cpu', cpu(spec)],
    ...['-smp', String(spec.cpus)],
    ...['-m', `${memoryMib(spec)}M`],
    ...memory(spec),
    ...['-uuid', spec.vmId],
    ...['-display', 'none', '-vga', 'none'],
    ...['-rtc', 'base=utc,clock=host'],
    ...['-boot', 'strict=on'],
    ...identity(spec),
    ...(firmware === undefined ? [] : pflash(firmware, spec.secureBoot)),
    ...monitorAndConsole(),
    ...control(),
    ...kernel(spec.kernel),
    ...disk(spec),
    ...discs(spec.discs),
    ...network(spec),
    ...['-device', 'virtio-rng-pci'],
    // a panicking kernel goes on until it has said why; whoever owns the machine ends it then
    ...['-device', 'pvpanic', '-action', 'panic=none'],
  ];
}

function machineType(spec: VmSpec): string {
  const backend = spec.memory === undefined ? '' : ',memory-backend=memory';
  const common = `usb=off,vmport=off${backend}`;
  if (spec.generation === 'V1') return `pc,${common}`;
  return spec.secureBoot ? `q35,smm=on,${common}` : `q35,${common}`;
}

/** walinuxagent starts only where systemd sees Hyper-V, and systemd asks CPUID before the firmware strings. */
function cpu(spec: VmSpec): string {
  return spec.hyperV ? `${spec.cpuModel},hypervisor=off` : spec.cpuModel;
}

function identity(spec: VmSpec): readonly string[] {
  if (!spec.azureIdentity) return [];
  const release = spec.generation === 'V1' ? 'Hyper-V 7.0' : 'Hyper-V UEFI Release v4.1';
  return [
    ...['-smbios', `type=1,manufacturer=Microsoft Corporation,product=Virtual Machine,version=${release}`],
    ...['-smbios', `type=3,manufacturer=Microsoft Corporation,asset=${AZURE_CHASSIS_ASSET_TAG}`],
  ];
}

function pflash(firmware: Firmware, secureBoot: boolean): readonly string[] {
  return [
    ...(secureBoot ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${escapeValue(firmware.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${escapeValue(firmware.variables)}`],
  ];
}

function monitorAndConsole(): readonly string[] {
  return [
    ...['-chardev', `socket,id=monitor,fd=${inheritedDescriptors.monitor}`],
    ...['-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=console,fd=${inheritedDescriptors.serial}`],
    ...['-serial', 'chardev:console'],
  ];
}

/** The guest's second serial port. */
function control(): readonly string[] {
  return [
    ...['-chardev', `socket,id=control,fd=${inheritedDescriptors.control}`],
    ...['-serial', 'chardev:control'],
  ];
}

function memoryMib(spec: VmSpec): number {
  return Math.floor(spec.memoryBytes / 2 ** 20);
}

/** A shared file has no name: QEMU opens the descriptor that it inherited. */
function memory(spec: VmSpec): readonly string[] {
  if (spec.memory === undefined) return [];
  const place =
    spec.memory.mode === 'shared'
      ? `mem-path=/proc/self/fd/${inheritedDescriptors.memory},share=on`
      : `mem-path=${escapeValue(spec.memory.path)},share=off`;
  return ['-object', `memory-backend-file,id=memory,size=${memoryMib(spec)}M,${place}`];
}

/** These options take their values as they are: nothing in them is split. */
function kernel(given: VmKernel | undefined): readonly string[] {
  if (given === undefined) return [];
  return ['-kernel', given.path, '-initrd', given.initrdPath, '-append', given.commandLine];
}

/** The OS disk. A kernel from outside has a loader of its own, which QEMU puts at boot index 0. */
function disk(spec: VmSpec): readonly string[] {
  const bootIndex = spec.kernel === undefined ? 0 : 1;
  return [
    ...['-blockdev', JSON.stringify(diskNode(spec.disk))],
    ...['-object', 'iothread,id=io'],
    ...['-device', `virtio-blk-pci,drive=${topNode(0)},bootindex=${bootIndex},iothread=io`],
  ];
}

/** On virtio-scsi, because cloud kernels have no AHCI driver; cloud-init looks for the first as `/dev/sr0`. */
function discs(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  return [
    ...['-device', 'virtio-scsi-pci,id=scsi'],
    ...paths.flatMap((filename, index) => [
      ...[
        '-blockdev',
        JSON.stringify({
          driver: 'raw',
          'node-name': `disc${index}`,
          'read-only': true,
          file: { driver: 'file', filename, 'read-only': true },
        }),
      ],
      ...['-device', `scsi-cd,bus=scsi.0,drive=disc${index}`],
    ]),
  ];
}

/** `romfile=` leaves out the network boot ROM, whose attempts cost minutes when they happen. */
function network(spec: VmSpec): readonly string[] {
  if (spec.network === undefined) return [];
  return [
    ...['-netdev', `stream,id=net,server=off,addr.type=fd,addr.str=${inheritedDescriptors.network}`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${spec.network.macAddress},romfile=`],
  ];
}

/** QEMU splits option values at commas; a comma in a value is written twice. */
function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}
