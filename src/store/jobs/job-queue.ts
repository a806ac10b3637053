/**
 * The job queue of a store: pg-boss on the same database, so that a job is sent by the transaction that makes it
 * necessary. It starts when it is first used; a store whose process neither sends nor works has no timers.
 */
import { randomUUID } from 'node:crypto';
import type { Db, PgBoss } from 'pg-boss';
import type { JsonObject } from '../../model/json.ts';
import type { Database, DatabaseEvents } from '../database/database.ts';
import { leaveTransaction } from '../database/transaction-scope.ts';
import type { JobHandler, JobSender, JobWorker, SendOptions, WorkOptions } from '../store.ts';
import { startWorker } from './job-worker.ts';

/** Thrown inside a transaction that sends to a queue nobody has made yet; the store makes it and tries again. */
export class UnknownQueue extends Error {
  readonly queue: string;

  constructor(queue: string) {
    super(`The queue ${queue} does not exist yet`);
    this.queue = queue;
  }
}

/** For jobs that are sent before anybody works on their queue: a job keeps what its queue said when it was sent. */
const defaults = { heartbeatSeconds: 30, retryLimit: 3 };
/** At most one waiting or running job of one key. */
const policy = 'exclusive';
const settings = {
  notify: true,
  expireInSeconds: 24 * 3600 - 1, // pg-boss allows no more
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  deleteAfterSeconds: 24 * 3600,
} as const;

export class JobQueue implements AsyncDisposable {
  readonly #database: Database;
  readonly #events: DatabaseEvents;
  readonly #known = new Set<string>();
  readonly #workers = new Set<JobWorker>();
  #started: Promise<PgBoss> | undefined;
  #boss: PgBoss | undefined;

  constructor(database: Database, events: DatabaseEvents) {
    this.#database = database;
    this.#events = events;
  }

  /** Makes the tables of the queue when they are missing. */
  async start(): Promise<PgBoss> {
    this.#started ??= leaveTransaction(async () => {
      const boss = this.#database.createBoss();
      boss.on('error', this.#events.onError);
      await boss.start();
      this.#boss = boss;
      return boss;
    });
    return this.#started;
  }

  /** Makes `queue` when it is missing. */
  async ensureQueue(queue: string): Promise<void> {
    if (this.#known.has(queue)) return;
    const boss = await this.start();
    await boss.createQueue(queue, { policy, ...settings, ...defaults });
    this.#known.add(queue);
  }

  /** Sends outside of transactions. */
  readonly sender: JobSender = {
    send: async (queue, data, options) => {
      await this.ensureQueue(queue);
      await send(await this.start(), queue, data, options);
    },
  };

  /** Sends as a part of the transaction that `db` runs in. */
  senderIn(db: Db): JobSender {
    return {
      send: async (queue, data, options) => {
        if (this.#boss === undefined || !this.#known.has(queue)) throw new UnknownQueue(queue);
        await send(this.#boss, queue, data, options, db);
      },
    };
  }

  async work(queue: string, options: WorkOptions, handler: JobHandler): Promise<JobWorker> {
    await this.ensureQueue(queue);
    const boss = await this.start();
    await boss.updateQueue(queue, {
      ...settings,
      heartbeatSeconds: options.heartbeatSeconds,
      retryLimit: options.retries,
    });
    const worker = await startWorker(boss, queue, options, handler);
    this.#workers.add(worker);
    return {
      stop: async (withinMs) => {
        await worker.stop(withinMs);
        this.#workers.delete(worker);
      },
    };
  }

  /** Stops the workers, waiting for their jobs at most `CLOSE_WITHIN_MS`; a job that goes on counts as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map(async (worker) => worker.stop(CLOSE_WITHIN_MS)));
    const boss = await this.#started?.catch(() => undefined); // its failure was told to whoever started it
    await boss?.stop({ graceful: false });
  }
}

const CLOSE_WITHIN_MS = 10_000;

async function send(
  boss: PgBoss,
  queue: string,
  data: JsonObject,
  { singletonKey, startAfterSeconds }: SendOptions = {},
  db?: Db,
): Promise<void> {
  await boss.send(queue, data, {
    singletonKey: singletonKey ?? randomUUID(), // without one the whole queue would be one key
    ...(startAfterSeconds === undefined ? {} : { startAfter: startAfterSeconds }),
    ...(db === undefined ? {} : { db }),
  });
}
