/** What the compute provider needs of the rest of the service. */
import type { CatalogueEntry } from '../../images/catalogue/catalogue-file.ts';
import type { ImageStore } from '../../images/store/image-store.ts';
import type { BlobService } from '../../store/blobs/blob-service.ts';
import type { Store } from '../../store/store.ts';

export interface ComputeDeps {
  readonly store: Store;
  /** Where the bytes of images lie; opened for each request, so that nothing is held for long. */
  readonly openImages: () => ImageStore;
  readonly blobs: Pick<BlobService, 'locate' | 'getFile'>;
  /** The platform images that can be made or fetched, as they are described now. */
  readonly catalogue: () => readonly CatalogueEntry[];
  readonly now: () => Date;
}

export const COMPUTE = 'Microsoft.Compute';
export const IMAGE_TYPE = 'Microsoft.Compute/images';
export const DEFINITION_TYPE = 'Microsoft.Compute/galleries/images';
export const VERSION_TYPE = 'Microsoft.Compute/galleries/images/versions';

/** Newest first. */
export const computeVersions: readonly string[] = [
  ...['2026-03-01', '2025-11-01', '2025-04-01', '2024-11-01', '2024-07-01', '2024-03-01', '2023-09-01'],
  ...['2023-07-01', '2023-03-01', '2022-11-01', '2022-08-01', '2022-03-01', '2021-11-01', '2021-07-01'],
  ...['2021-04-01', '2021-03-01', '2020-12-01', '2020-06-01', '2019-12-01', '2019-07-01', '2019-03-01'],
  ...['2018-10-01', '2018-06-01', '2018-04-01', '2017-12-01', '2017-03-30', '2016-04-30-preview'],
];

/** Galleries count their own versions. Newest first. */
export const galleryVersions: readonly string[] = [
  ...['2025-03-03', '2024-03-03', '2023-07-03', '2022-08-03', '2022-03-03', '2022-01-03', '2021-10-01'],
  ...['2021-07-01', '2020-09-30', '2019-12-01', '2019-07-01', '2019-03-01', '2018-06-01'],
];
