/** Real builds of Gen2 images; every assertion is a fact about the produced disk or from a boot of it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestDisk } from '../disk/disk-digest.ts';
import { parseVhdFooter, VHD_FOOTER_BYTES } from '../disk/vhd-footer.ts';
import { runCommand } from '../host/command.ts';
import { GIB, MIB } from '../model/sizes.ts';
import type { Artifact, RunRecord } from '../model/run.ts';
import { readDiskFacts } from './testing/disk-facts.ts';
import { openTestHost, type TestHost } from './testing/test-host.ts';
import { inlineShell, testDefinitionId, testImageId, testTemplate } from './testing/test-template.ts';

const signal = AbortSignal.timeout(40 * 60_000);
const imageId = testImageId('first');
const payload = randomBytes(5 * MIB + 123);
let bench: TestHost;
let first: RunRecord;

before(async () => {
  bench = await openTestHost();
  // what a run of this file left that was killed
  for (const image of bench.host.store.list()) {
    if ('id' in image && isOwn(image.id)) bench.host.store.remove(image.id);
  }
});

function isOwn(id: string): boolean {
  return id === imageId || id.startsWith(`${testDefinitionId('web')}/`);
}

after(async () => {
  for (const artifact of first?.artifacts ?? []) {
    if (artifact.artifactId !== undefined) bench.host.store.remove(artifact.artifactId);
  }
  await bench[Symbol.asyncDispose]();
});

function artifact(kind: Artifact['kind']): Artifact {
  const found = first.artifacts.find((item) => item.kind === kind);
  assert.ok(found, `no artifact of kind ${kind}`);
  return found;
}

test('a template becomes a VHD, a managed image and a gallery version after it passed validation', async () => {
  await writeFile(join(bench.folder, 'payload.bin'), payload);
  await writeFile(join(bench.folder, 'as-root.sh'), '#!/bin/bash\nset -eu\nid -un > /etc/script-ran-as\n');
  const sha256 = createHash('sha256').update(payload).digest('hex');
  const { record, events } = await bench.build(
    testTemplate('first', {
      customize: [
        inlineShell(
          'identity',
          'word=kept',
          'echo "line $word"',
          'id -un | sudo tee /etc/inline-ran-as',
          'cloud-init query cloud_name | sudo tee /etc/cloud-was',
          'getent hosts goldsmith.invalid || true',
        ),
        { type: 'Shell', name: 'script', script: { from: 'uri', uri: 'as-root.sh', sha256: undefined } },
        { type: 'File', name: 'payload', sourceUri: 'payload.bin', sha256, destination: '/opt/payload.bin' },
      ],
      validate: {
        continueDistributeOnFailure: false,
        sourceValidationOnly: false,
        inVMValidations: [
          inlineShell(
            'fresh machine',
            'test "$(cat /etc/inline-ran-as)" = goldsmith',
            `echo "${sha256}  /opt/payload.bin" | sha256sum --check`,
            'test -d /sys/firmware/efi',
            'test -s /etc/machine-id && ls /etc/ssh/ssh_host_*_key',
            'ls /etc/ssh/ssh_host_*_key | sort > /tmp/keys && grep -q ed25519 /tmp/keys',
          ),
        ],
      },
      distribute: [
        { type: 'VHD', runOutputName: 'vhd', artifactTags: { kind: 'disk' }, uri: undefined },
        { type: 'ManagedImage', runOutputName: 'managed', artifactTags: {}, imageId, location: 'westus2' },
        {
          type: 'SharedImage',
          runOutputName: 'shared',
          artifactTags: {},
          imageDefinitionId: testDefinitionId('web'),
          explicitVersion: '1.2.3',
          versioning: { scheme: 'Latest', major: undefined },
          excludeFromLatest: false,
          targetRegions: [{ name: 'westus2', replicaCount: 1, storageAccountType: 'Standard_LRS' }],
          replicationMode: 'Full',
        },
      ],
    }),
    { copies: ['qcow2'] },
  );
  first = record;
  assert.equal(record.state, 'Succeeded', record.message);
  assert.deepEqual(
    record.artifacts.map(({ kind }) => kind),
    ['VHD', 'ManagedImage', 'SharedImage', 'Copy'],
  );
  assert.match(record.source?.exactVersion ?? '', /^0\.\d{8}\.\d+$/);
  assert.deepEqual(record.warnings, []);
  const lines = events.flatMap((event) => (event.kind === 'step-output' ? [event.line] : []));
  assert.ok(lines.includes('line kept'), 'inline lines are one script');
  assert.ok(
    lines.some((line) => /cloud-init reports the machine ready/.test(line)),
    'the health report arrived',
  );
});

test('the disk holds what the template put there, with the right owners', async () => {
  const facts = await readDiskFacts(artifact('ManagedImage').path, artifact('ManagedImage').virtualSizeBytes);
  assert.equal(await facts.read('/etc/inline-ran-as'), 'goldsmith\n');
  assert.equal(await facts.read('/etc/script-ran-as'), 'root\n');
  assert.equal(await facts.read('/etc/cloud-was'), 'azure\n');
  assert.equal(await facts.owner('/opt/payload.bin'), '0:0 0644');
  assert.ok(facts.clean, 'the file system was left clean');
});

test('nothing of the build survives in the image', async () => {
  const facts = await readDiskFacts(artifact('ManagedImage').path, artifact('ManagedImage').virtualSizeBytes);
  assert.doesNotMatch((await facts.read('/etc/passwd')) ?? '', /^goldsmith:/m);
  assert.doesNotMatch((await facts.read('/etc/shadow')) ?? '', /^goldsmith:/m);
  assert.deepEqual(await facts.list('/home'), []);
  assert.deepEqual(
    (await facts.list('/etc/ssh')).filter((name) => name.startsWith('ssh_host_')),
    [],
  );
  assert.equal(await facts.read('/etc/machine-id'), '');
  assert.equal(await facts.exists('/root/.ssh/authorized_keys'), false);
  assert.equal(await facts.exists('/root/.bash_history'), false);
  assert.equal(await facts.exists('/var/lib/cloud/instance'), false);
  assert.deepEqual(
    (await facts.list('/tmp')).filter((name) => !name.startsWith('.')),
    [],
  );
});

test('the VHD is what Azure takes, and every artifact has the same content', async () => {
  const { path, virtualSizeBytes } = artifact('VHD');
  const { size, blocks } = await stat(path);
  assert.equal(virtualSizeBytes % MIB, 0);
  assert.equal(size, virtualSizeBytes + VHD_FOOTER_BYTES);
  assert.ok(blocks * 512 < size / 2, 'the file is sparse');
  await using file = await open(path);
  const { buffer } = await file.read({ buffer: Buffer.alloc(VHD_FOOTER_BYTES), position: virtualSizeBytes });
  const footer = parseVhdFooter(buffer);
  assert.equal(footer.currentSizeBytes, virtualSizeBytes);
  const digests = await Promise.all(
    first.artifacts
      .filter(({ format }) => format === 'raw' || format === 'vhd')
      .map(async (item) => digestDisk(item.path, { sizeBytes: item.virtualSizeBytes, signal })),
  );
  assert.equal(new Set([...digests, artifact('VHD').digest]).size, 1);
  await runCommand(['qemu-img', 'check', artifact('Copy').path], { signal });
});

test('an image built here is the source of the next one, on a larger disk', async () => {
  const { record } = await bench.build(
    testTemplate('second', {
      source: { type: 'SharedImageVersion', imageVersionId: `${testDefinitionId('web')}/versions/latest` },
      vmProfile: {
        vmSize: 'Standard_B2s',
        osDiskSizeGB: 7,
        userAssignedIdentities: [],
        vnetConfig: undefined,
      },
      customize: [inlineShell('grown', 'df --output=size -BM / | tail -1', 'sudo touch /etc/second')],
    }),
  );
  assert.equal(record.state, 'Succeeded', record.message);
  assert.equal(record.source?.exactVersion, '1.2.3');
  const [vhd] = record.artifacts;
  assert.ok(vhd !== undefined && existsSync(vhd.path));
  assert.equal(vhd.virtualSizeBytes, 7 * GIB);
  const facts = await readDiskFacts(vhd.path, vhd.virtualSizeBytes);
  assert.ok(facts.sizeBytes > 6 * GIB, `the root file system has ${facts.sizeBytes} bytes`);
  assert.ok((await facts.exists('/etc/second')) && (await facts.exists('/opt/payload.bin')));
});
