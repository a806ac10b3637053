/** A chain of layers becomes one raw disk: the disk's bytes move once, and are digested on the way. */
import type { BuildUser } from '../../host/build-user.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { throwIfCancelled } from '../publish-file.ts';
import type { DiskLayer } from './chain.ts';
import { StagedCopy } from './staged-copy.ts';

export interface FlattenRequest {
  /** Lowest first; nobody writes to any of them. */
  readonly layers: readonly DiskLayer[];
  /** Where the raw disk appears. */
  readonly to: string;
  /** Size of the chain's disk. */
  readonly sizeBytes: number;
  /** Reads the tables of the layers, which a program wrote that faced a guest. */
  readonly user: BuildUser;
  readonly signal: AbortSignal;
  /** Bytes of data done so far and in all; holes are not counted. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface FlatDisk {
  /** As `digestDisk` would give it for the new file. */
  readonly digest: string;
  /** Bytes that the file system spends on the new file. */
  readonly allocatedSizeBytes: number;
}

/**
 * Writes the disk of a chain as a sparse raw file to `to`, each byte read once, and gives its digest. Zeros become
 * holes. The file appears under its name only when whole; not all of it is synced. Memory does not grow with the disk but
 * for its extent map.
 * @throws GoldsmithError `InsufficientResources` when there is no room, `ImageRefused` when a layer points to other
 * files or is compressed or encrypted, `Internal` when the disk has another size or a layer changes its length,
 * `CommandFailed` also while a machine writes to a layer, `Cancelled`; no file is left then.
 */
export async function flattenChain(request: FlattenRequest): Promise<FlatDisk> {
  const { layers, to, sizeBytes, user, signal, onProgress } = request;
  throwIfCancelled(signal);
  await using staged = await StagedCopy.create(to, sizeBytes);
  await staged.copyChain(layers, { user, signal, onProgress });
  throwIfCancelled(signal);
  const digest = await staged.publish(to);
  return { digest, allocatedSizeBytes: await allocatedSizeBytes(to) };
}
