/** An image disk as a person brings it: a fixed VHD as a page blob in a storage account. */
import { randomUUID } from 'node:crypto';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { makeFixedVhdFooter } from '../../src/disk/vhd-footer.ts';
import { MIB } from '../../src/model/sizes.ts';
import { location } from '../templates.ts';
import type { SdkSuite } from './suite.ts';

/** Bytes: an MBR with one Linux partition in four MiB. @returns the address of the blob. */
export async function uploadVhd({ sdk }: SdkSuite, group: string, account: string): Promise<string> {
  const { storageAccounts } = sdk.storage;
  const made = await storageAccounts.beginCreateAndWait(group, account, {
    ...{ location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
  });
  const { keys = [] } = await storageAccounts.listKeys(group, account);
  const credential = new StorageSharedKeyCredential(account, keys[0]?.value ?? '');
  const service = new BlobServiceClient(made.primaryEndpoints?.blob ?? '', credential);
  const container = service.getContainerClient('vhds');
  await container.create();
  const blob = container.getPageBlobClient('golden.vhd');
  const sizeBytes = 4 * MIB;
  const footer = makeFixedVhdFooter({ sizeBytes, createdAtMs: 0, uniqueId: randomUUID() });
  await blob.create(sizeBytes + footer.length);
  await blob.uploadPages(bootSector(sizeBytes), 0, 512);
  await blob.uploadPages(footer, sizeBytes, footer.length);
  return blob.url;
}

/** One partition from the first MiB to the end, type 0x83. */
function bootSector(diskBytes: number): Buffer {
  const sector = Buffer.alloc(512);
  sector.writeUInt8(0x83, 446 + 4);
  sector.writeUInt32LE(MIB / 512, 446 + 8);
  sector.writeUInt32LE((diskBytes - MIB) / 512, 446 + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
