/** The store over a database that is open. */
import { fromKysely } from 'pg-boss';
import type { ActivityRepository } from './activity/activity.ts';
import type { Database, DatabaseEvents } from './database/database.ts';
import { inTransaction } from './database/transaction.ts';
import { refuseInsideTransaction } from './database/transaction-scope.ts';
import { JobQueue, UnknownQueue } from './jobs/job-queue.ts';
import { createRepositories } from './repositories/create-repositories.ts';
import type {
  JobHandler,
  JobSender,
  JobWorker,
  OperationRepository,
  Repositories,
  ResourceRepository,
  RunRepository,
  SettingsRepository,
  Store,
  StoreTopic,
  WorkOptions,
} from './store.ts';
import { Subscriptions } from './subscriptions.ts';

export class DatabaseStore implements Store {
  readonly resources: ResourceRepository;
  readonly operations: OperationRepository;
  readonly runs: RunRepository;
  readonly settings: SettingsRepository;
  readonly activity: ActivityRepository;
  readonly jobs: JobSender;
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #subscriptions: Subscriptions;
  #closed: Promise<void> | undefined;

  constructor(database: Database, subscriptions: Subscriptions, events: DatabaseEvents) {
    this.#database = database;
    this.#queue = new JobQueue(database, events);
    this.#subscriptions = subscriptions;
    const repositories = createRepositories(database.queries, this.#queue.sender);
    this.resources = repositories.resources;
    this.operations = repositories.operations;
    this.runs = repositories.runs;
    this.settings = repositories.settings;
    this.activity = repositories.activity;
    this.jobs = repositories.jobs;
  }

  async transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T> {
    refuseInsideTransaction();
    for (;;) {
      try {
        return await inTransaction(this.#database.queries, async (transaction) =>
          work(createRepositories(transaction, this.#queue.senderIn(fromKysely(transaction)))),
        );
      } catch (error) {
        if (!(error instanceof UnknownQueue)) throw error;
        await this.#queue.ensureQueue(error.queue);
      }
    }
  }

  async work(queue: string, options: WorkOptions, handler: JobHandler): Promise<JobWorker> {
    refuseInsideTransaction();
    return this.#queue.work(queue, options, handler);
  }

  subscribe(topic: StoreTopic, listener: (key: string) => void): () => void {
    return this.#subscriptions.add(topic, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
    this.#subscriptions[Symbol.dispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}
