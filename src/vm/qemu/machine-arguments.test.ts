import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB } from '../../model/sizes.ts';
import type { VmSpec } from '../hypervisor.ts';
import { machineArguments } from './machine-arguments.ts';

const spec: VmSpec = {
  name: 'build-1',
  vmId: '00000000-0000-4000-8000-000000000001',
  generation: 'V2',
  secureBoot: true,
  cpus: 2,
  memoryBytes: 2 * GIB,
  accelerator: 'tcg',
  cpuModel: 'max',
  disk: { path: '/run/a,b.raw', format: 'raw', ephemeral: false },
  discs: ['/run/ovf.iso'],
  azureIdentity: true,
  hyperV: true,
  network: undefined,
  workDir: '/run',
};

/** The value that follows each occurrence of an option. */
function valuesOf(option: string, machine: VmSpec): string[] {
  const argv = machineArguments(machine, { code: '/f/CODE.fd', variables: '/f/V,ARS.fd' });
  return argv.flatMap((word, index) => (word === option ? [argv[index + 1] ?? ''] : []));
}

test('a Gen2 machine with secure boot protects its variable store', () => {
  assert.deepEqual(valuesOf('-machine', spec), ['q35,smm=on,usb=off,vmport=off']);
  assert.deepEqual(valuesOf('-global', spec), ['driver=cfi.pflash01,property=secure,value=on']);
  assert.ok(valuesOf('-drive', spec).some((drive) => drive.endsWith('file=/f/V,,ARS.fd')));
});

test('a Gen1 machine is a PC', () => {
  assert.match(valuesOf('-machine', { ...spec, generation: 'V1', secureBoot: false })[0] ?? '', /^pc,/);
});

test('the Azure identity is in the firmware tables and hides the emulator', () => {
  assert.ok(
    valuesOf('-smbios', spec).some((table) => table.includes('asset=7783-7084-3265-9085-8269-3286-77')),
  );
  assert.deepEqual(valuesOf('-cpu', spec), ['max,hypervisor=off']);
  const plain = { ...spec, azureIdentity: false, hyperV: false };
  assert.deepEqual([valuesOf('-smbios', plain), valuesOf('-cpu', plain)], [[], ['max']]);
});

test('paths travel as JSON values, never as parsed option text', () => {
  const [disk = '', disc = ''] = valuesOf('-blockdev', spec);
  assert.ok(disk.includes('"filename":"/run/a,b.raw"'), disk);
  assert.ok(disc.includes('"filename":"/run/ovf.iso"'), disc);
});

test('every machine runs in the sandbox that forbids new processes', () => {
  assert.match(valuesOf('-sandbox', spec)[0] ?? '', /spawn=deny/);
});

test('a kernel from outside is started before the disk, and its parameters are one word', () => {
  const kernel = { path: '/w/a,b', initrdPath: '/w/c,d', commandLine: 'root=UUID=1,2 ro -device x' };
  const machine = { ...spec, kernel };
  assert.deepEqual(valuesOf('-kernel', machine), ['/w/a,b']);
  assert.deepEqual(valuesOf('-initrd', machine), ['/w/c,d']);
  assert.deepEqual(valuesOf('-append', machine), ['root=UUID=1,2 ro -device x']);
  const bootIndexes = (of: VmSpec): string[] =>
    valuesOf('-device', of).flatMap((device) => /bootindex=\d/.exec(device) ?? []);
  assert.deepEqual(bootIndexes(machine), ['bootindex=1']);
  assert.deepEqual([valuesOf('-kernel', spec), bootIndexes(spec)], [[], ['bootindex=0']]);
});
