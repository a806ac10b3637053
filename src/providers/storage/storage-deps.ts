/** What the storage provider needs of the rest of the service. */
import type { BlobService } from '../../store/blobs/blob-service.ts';
import type { Store } from '../../store/store.ts';

export interface StorageDeps {
  readonly store: Store;
  readonly blobs: BlobService;
  readonly now: () => Date;
}

export const STORAGE = 'Microsoft.Storage';
export const ACCOUNT_TYPE = 'Microsoft.Storage/storageAccounts';

/** Newest first. */
export const storageVersions: readonly string[] = [
  ...['2025-08-01', '2025-06-01', '2025-01-01', '2024-01-01', '2023-05-01', '2023-04-01', '2023-01-01'],
  ...['2022-09-01', '2022-05-01', '2021-09-01', '2021-08-01', '2021-06-01', '2021-04-01', '2021-02-01'],
  ...['2021-01-01', '2019-06-01', '2019-04-01', '2018-11-01', '2018-07-01', '2018-02-01', '2017-10-01'],
  ...['2017-06-01', '2016-12-01', '2016-05-01', '2016-01-01', '2015-06-15'],
];
