/** After `npm ci`: what is made from the packages once and kept beside them, so that no first start has to wait. */
import { folderWithPackages, prepareDatabase } from '../src/store/prepared-database.ts';

await prepareDatabase(folderWithPackages(), {
  onError: (error) => {
    throw error;
  },
});
