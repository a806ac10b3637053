/** What runs need of the rest of the service. Each is called again after a restart: doing it twice does no harm. */
import type { Generation, OsType } from '../model/image-template.ts';
import type { Artifact } from '../model/run.ts';
import type { StagingPlace } from './run-service.ts';

/**
 * Shows what a run is made of as resources of the staging group: virtual machine, OS disk, network interface,
 * virtual network, security group and public IP address.
 */
export interface StagingView {
  /** Called when the build VM is about to exist, and again when its state changes. */
  show(machine: StagedMachine): Promise<void>;
  /** Removes everything that was shown for the run, also when nothing was. */
  hide(run: { readonly runId: string; readonly staging: StagingPlace }): Promise<void>;
}

export interface StagedMachine {
  readonly runId: string;
  readonly templateId: string;
  readonly staging: StagingPlace;
  readonly location: string;
  /** Azure name of the size. */
  readonly vmSize: string;
  readonly osType: OsType;
  readonly generation: Generation;
  readonly osDiskSizeBytes: number;
  /** `managedResourceTags` of the template. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Turns what the engine published into the image store into resources that clients see. */
export interface ImageRegistry {
  /** @throws GoldsmithError when the target group or definition is not there. */
  register(image: PublishedImage): Promise<void>;
}

export interface PublishedImage {
  readonly artifact: Artifact & {
    readonly kind: 'ManagedImage' | 'SharedImage';
    readonly artifactId: string;
  };
  readonly templateId: string;
  readonly runId: string;
  /** Region of the image, or of the template for a gallery version. */
  readonly location: string;
}

/** Files of storage accounts. Every call is one attempt that ends with `signal`. */
export interface StagingFiles {
  /** Bytes that the log blob holds; 0 when it does not exist. */
  logSize(blob: BlobPlace, signal: AbortSignal): Promise<number>;
  /**
   * Puts `bytes` behind the first `offset` bytes of the log blob, which is made when it is missing.
   * @returns false when it does not hold just `offset` bytes; nothing was written then.
   */
  appendLog(blob: BlobPlace, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Copies a blob into a new local file. @throws GoldsmithError `DownloadFailed`, `Cancelled`. */
  download(blob: BlobPlace, path: string, signal: AbortSignal): Promise<void>;
  /**
   * Stores a fixed VHD as a page blob, in place of one of that name.
   * @returns the address of the blob.
   * @throws GoldsmithError `DistributeFailed`, `Cancelled`.
   */
  uploadVhd(blob: BlobPlace, path: string, signal: AbortSignal): Promise<string>;
  /** The address of a blob as clients see it. */
  addressOf(blob: BlobPlace): string;
  /** What `address` names, when it is in an account that is served here. */
  placeOf(address: string): BlobPlace | undefined;
}

export interface BlobPlace {
  /** Storage account. */
  readonly account: string;
  readonly container: string;
  readonly name: string;
}
