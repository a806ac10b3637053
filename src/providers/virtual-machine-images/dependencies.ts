/** What the image builder needs of the rest of the service. */
import type { Principal } from '../../identity/principal.ts';
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { PlatformImageSource } from '../../model/image-template.ts';
import type { RunService } from '../../runs/run-service.ts';
import type { BlobService } from '../../store/blobs/blob-service.ts';
import type { Store } from '../../store/store.ts';
import type { DownloadPolicy } from '../../guest/artifacts/download.ts';
import type { Dispatch } from '../resource-provider.ts';

export interface ImageBuilderDependencies {
  readonly store: Store;
  readonly runs: RunService;
  readonly access: Pick<AccessCheck, 'allowed'>;
  /** Makes and removes staging groups and their storage accounts, with the rights of `servicePrincipal`. */
  readonly dispatch: Dispatch;
  /** The image builder itself; it must hold Contributor or more on every subscription. */
  readonly servicePrincipal: Principal;
  readonly blobs: Pick<BlobService, 'putFile' | 'getFile' | 'locate'>;
  /** False when no catalogue knows the image. */
  readonly hasPlatformImage: (source: PlatformImageSource, signal: AbortSignal) => Promise<boolean>;
  /** Folder for files that are being fetched; emptied by the service. */
  readonly workFolder: string;
  readonly now: () => Date;
  /** A new GUID. */
  readonly newId: () => string;
  /** How patiently artifacts are fetched; default that of Azure. */
  readonly downloads?: DownloadPolicy;
}
