/**
 * A program for tests: publishes gallery versions of one small disk until it has made `count`, and prints
 * each on a line. Arguments: store folder, work folder, count.
 */
import { parseImageResourceId } from '../../resource-ids.ts';
import { openImageStore } from '../image-store.ts';
import { makePatternDisk } from './pattern-disk.ts';

const [images = '', work = '', count = '0'] = process.argv.slice(2);
const definitionId = parseImageResourceId(
  '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d',
);
if (definitionId?.kind !== 'ImageDefinition') throw new Error('bad id');

using store = openImageStore({ images });
for (let made = 0; made < Number(count); made += 1) {
  const disk = await makePatternDisk(work, `content ${made} of ${process.pid}`);
  const facts = await store.addContent(disk, { move: true, signal: AbortSignal.timeout(60_000) });
  const { version } = store.publishGalleryVersion(facts, {
    definitionId,
    explicitVersion: undefined,
    versioning: { scheme: 'Latest', major: 1 },
    sourceVersion: undefined,
    location: 'local',
    excludeFromLatest: false,
    targetRegions: [],
    replicationMode: 'Full',
    tags: {},
    origin: {},
  });
  process.stdout.write(`${version}\n`);
}
