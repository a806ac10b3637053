/** A program for tests: says `ready`, takes a job of the queue it is given, says its id, and never ends it. */
import { openStore } from '../open-store.ts';

const [url, queue] = process.argv.slice(2);
if (url === undefined || queue === undefined) throw new Error('usage: stuck-worker.ts <url> <queue>');
const store = await openStore({ url });
await store.work(queue, { concurrency: 1, heartbeatSeconds: 10, retries: 1 }, async ({ id }) => {
  process.stdout.write(`${id}\n`);
  await new Promise(() => undefined);
});
process.stdout.write('ready\n');
