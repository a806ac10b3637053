/** A program for tests: writes resources to the folder it is given and says a number after each, until killed. */
import { openStore } from '../open-store.ts';
import { sampleResource } from './records.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: endless-writer.ts <folder>');
const store = await openStore({ folder });
for (let n = 1; ; n += 1) {
  const body = { filler: 'x'.repeat(3000) };
  await store.resources.insert(sampleResource(`r${n}`, { resourceGroup: 'endless', body }));
  process.stdout.write(`${n}\n`);
}
