/** Storage accounts as folders, for tests: blobs are files, and survive the death of whoever writes them. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { appendFile, copyFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobPlace, StagingFiles } from '../run-ports.ts';

export function createFolderFiles(root: string): StagingFiles {
  const pathOf = ({ account, container, name }: BlobPlace): string => {
    const path = join(root, account, container, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const sizeOf = (blob: BlobPlace): number => statSync(pathOf(blob), { throwIfNoEntry: false })?.size ?? 0;
  return {
    logSize: async (blob) => sizeOf(blob),
    appendLog: async (blob, offset, bytes, signal) => {
      signal.throwIfAborted();
      if (sizeOf(blob) !== offset) return false;
      await appendFile(pathOf(blob), bytes);
      return true;
    },
    download: async (blob, path) => copyFile(pathOf(blob), path),
    uploadVhd: async (blob, path, signal) => {
      signal.throwIfAborted();
      const target = pathOf(blob);
      await copyFile(path, `${target}.part`);
      await rename(`${target}.part`, target);
      return addressOf(blob);
    },
    addressOf,
    placeOf: (address) => {
      const [, account = '', container = '', ...name] = new URL(address).pathname.split('/');
      return existsSync(join(root, account)) ? { account, container, name: name.join('/') } : undefined;
    },
  };
}

function addressOf({ account, container, name }: BlobPlace): string {
  return `https://blobs.test/${account}/${container}/${name}`;
}
