import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../../../model/json.ts';
import type { Job, JobHandler, JobWorker, Store } from '../../store.ts';
import type { StoreContract } from '../store-contract.ts';

const LIMIT_MS = 30_000;

export function testJobs({ name, skip, here, there }: StoreContract): void {
  test(`${name}: a job is handled once, wherever it was sent`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    const workers = [await work(here(), queue, inbox.handler), await work(there(), queue, inbox.handler)];
    for (const n of [1, 2, 3, 4]) await (n % 2 === 0 ? here() : there()).jobs.send(queue, { n });
    const jobs = await inbox.take(4);
    assert.deepEqual(new Set(jobs.map(({ data }) => data['n'])), new Set([1, 2, 3, 4]));
    assert.deepEqual(new Set(jobs.map(({ attempt }) => attempt)), new Set([1]));
    for (const worker of workers) await worker.stop(LIMIT_MS);
    assert.equal(inbox.size, 0);
  });

  test(`${name}: a job is sent with its transaction, or not at all`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    const failed = here().transaction(async ({ jobs }) => {
      await jobs.send(queue, { n: 'undone' });
      throw new RangeError('no');
    });
    await assert.rejects(failed, RangeError);
    let attempts = 0;
    await here().transaction(async ({ jobs, settings }) => {
      attempts += 1;
      await settings.put(queue, { sent: true });
      await jobs.send(queue, { n: 'done' });
    });
    assert.equal(attempts, 1, 'the queue was made by the transaction before');
    const worker = await work(here(), queue, inbox.handler);
    const jobs = await inbox.take(1);
    await worker.stop(LIMIT_MS);
    assert.deepEqual([jobs[0]?.data, inbox.size], [{ n: 'done' }, 0]);
  });

  test(`${name}: at most one job of a key waits or runs`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    const gate = Promise.withResolvers<void>();
    const send = async (singletonKey: string, n: number): Promise<void> =>
      here().jobs.send(queue, { n }, { singletonKey });
    await send('a', 1);
    await send('a', 2);
    await send('b', 3);
    const worker = await work(here(), queue, async (job) => {
      await inbox.handler(job);
      await gate.promise;
    });
    const first = await inbox.take(2);
    assert.deepEqual(new Set(first.map(({ data }) => data['n'])), new Set([1, 3]));
    await send('a', 4); // one of this key is running
    gate.resolve();
    await worker.stop(LIMIT_MS);
    await send('a', 5);
    const again = await work(here(), queue, inbox.handler);
    assert.deepEqual(
      (await inbox.take(1)).map(({ data }) => data['n']),
      [5],
    );
    await again.stop(LIMIT_MS);
    assert.equal(inbox.size, 0);
  });

  test(`${name}: a job that fails is tried again as often as was asked for`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    const worker = await work(here(), queue, async (job) => {
      await inbox.handler(job);
      throw new Error('fails');
    });
    await here().jobs.send(queue, {}, { singletonKey: 'only' });
    const jobs = await inbox.take(2);
    assert.deepEqual(
      jobs.map(({ attempt }) => attempt),
      [1, 2],
    );
    assert.equal(jobs[0]?.id, jobs[1]?.id);
    await worker.stop(LIMIT_MS);
    await here().jobs.send(queue, { after: true }, { singletonKey: 'only' });
    const again = await work(here(), queue, inbox.handler);
    assert.deepEqual((await inbox.take(1))[0]?.data, { after: true }, 'a job that failed for good is over');
    await again.stop(LIMIT_MS);
  });

  test(`${name}: a delayed job comes, and not before one that is not delayed`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    await here().jobs.send(queue, { n: 'late' }, { startAfterSeconds: 1 });
    await here().jobs.send(queue, { n: 'soon' });
    const worker = await work(here(), queue, inbox.handler);
    assert.deepEqual(
      (await inbox.take(2)).map(({ data }) => data['n']),
      ['soon', 'late'],
    );
    await worker.stop(LIMIT_MS);
  });

  test(`${name}: as many jobs run at once as was asked for`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    const gate = Promise.withResolvers<void>();
    let most = 0;
    let running = 0;
    const worker = await work(here(), queue, async (job) => {
      most = Math.max(most, (running += 1));
      await inbox.handler(job);
      await gate.promise;
      running -= 1;
    });
    for (const n of [1, 2, 3]) await here().jobs.send(queue, { n });
    await inbox.take(2);
    gate.resolve();
    await inbox.take(1);
    await worker.stop(LIMIT_MS);
    assert.equal(most, 2);
  });

  test(`${name}: stopping a worker tells its jobs and waits for them`, { skip }, async () => {
    const queue = newQueue();
    const inbox = new Inbox();
    let ended = false;
    const worker = await work(here(), queue, async (job) => {
      await inbox.handler(job);
      if (!job.signal.aborted) {
        await new Promise((resolve) => job.signal.addEventListener('abort', resolve, { once: true }));
      }
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
    });
    await here().jobs.send(queue, {});
    await inbox.take(1);
    await worker.stop(LIMIT_MS);
    assert.equal(ended, true);
  });
}

function newQueue(): string {
  return `queue-${randomUUID()}`;
}

async function work(store: Store, queue: string, handler: JobHandler): Promise<JobWorker> {
  return store.work(queue, { concurrency: 2, heartbeatSeconds: 10, retries: 1 }, handler);
}

/** Collects what a handler is given. */
class Inbox {
  readonly #jobs: { readonly id: string; readonly data: JsonObject; readonly attempt: number }[] = [];
  #arrived = Promise.withResolvers<void>();

  readonly handler = async ({ id, data, attempt }: Job): Promise<void> => {
    this.#jobs.push({ id, data, attempt });
    this.#arrived.resolve();
  };

  get size(): number {
    return this.#jobs.length;
  }

  /** The next `count` jobs. @throws Error when they do not come. */
  async take(count: number): Promise<readonly Pick<Job, 'id' | 'data' | 'attempt'>[]> {
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => limit.reject(new Error(`${this.#jobs.length} of ${count} jobs came`)),
      LIMIT_MS,
    );
    try {
      while (this.#jobs.length < count) {
        this.#arrived = Promise.withResolvers<void>();
        await Promise.race([this.#arrived.promise, limit.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
    return this.#jobs.splice(0, count);
  }
}
