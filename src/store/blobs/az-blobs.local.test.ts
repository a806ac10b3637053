import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestDisk } from '../../disk/disk-digest.ts';
import { dataExtents } from '../../disk/extents.ts';
import { appendVhdFooter } from '../../disk/raw-to-vhd.ts';
import { writePatternedDisk } from '../../disk/testing/patterned-disk.ts';
import { runCommand } from '../../host/command.ts';
import { findProgram } from '../../host/program-path.ts';
import { openTlsIdentity } from '../../identity/keys/tls-identity.ts';
import { MIB } from '../../model/sizes.ts';
import { openAzurite } from './azurite/azurite-blobs.ts';
import { newKeys } from './testing/blob-contract.ts';

const signal = AbortSignal.timeout(300_000);
const skip = findProgram('az') === undefined ? 'the Azure command line is not installed' : false;

test('the Azure command line lists and downloads logs and disks with the account key', { skip }, async () => {
  const work = await mkdtemp(join(tmpdir(), 'az-blobs-'));
  try {
    const { files, authority } = await openTlsIdentity({ folder: join(work, 'tls'), now: () => new Date() });
    const tls = { certPath: files.certificate, keyPath: files.privateKey, ca: authority };
    await using service = await openAzurite({
      ...{ folder: join(work, 'data'), port: 0, tls, findExtents: dataExtents },
    });
    const keys = newKeys();
    await service.addAccount('staging', keys);
    const [disk, log] = [join(work, 'disk.vhd'), join(work, 'log')];
    writePatternedDisk(disk, 64 * MIB);
    await appendVhdFooter(disk, { createdAtMs: 0, uniqueId: randomUUID() });
    await writeFile(log, 'customized\n');
    const place = { account: 'staging', signal };
    await service.putFile({ ...place, container: 'vhds', blob: 'disk.vhd', path: disk });
    const logName = 'run/customization.log';
    await service.putFile({ ...place, container: 'packerlogs', blob: logName, path: log });

    const az = async (...argv: readonly string[]): Promise<string> => {
      const { stdout } = await runCommand(['az', 'storage', ...argv, '-o', 'tsv'], {
        ...{ signal, cwd: work },
        env: {
          AZURE_CONFIG_DIR: join(work, 'az'),
          AZURE_CORE_COLLECT_TELEMETRY: 'no',
          REQUESTS_CA_BUNDLE: files.bundle,
        },
      });
      return stdout.trim();
    };
    const endpoint = service.accountEndpoint('staging');
    const direct = ['--account-name', 'staging', '--account-key', keys.key2, '--blob-endpoint', endpoint];
    const line = `DefaultEndpointsProtocol=https;AccountName=staging;AccountKey=${keys.key1};BlobEndpoint=${endpoint}/`;
    const connected = ['--connection-string', line];

    assert.equal(await az('blob', 'list', '-c', 'packerlogs', '--query', '[].name', ...direct), logName);
    const copy = ['--no-progress', '-f'];
    await az('blob', 'download', '-c', 'vhds', '-n', 'disk.vhd', ...copy, join(work, 'copy.vhd'), ...direct);
    const sizeBytes = 64 * MIB + 512;
    assert.equal(
      await digestDisk(join(work, 'copy.vhd'), { sizeBytes, signal }),
      await digestDisk(disk, { sizeBytes, signal }),
    );
    assert.equal(await az('container', 'list', '--query', '[].name', ...connected), 'packerlogs\nvhds');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
