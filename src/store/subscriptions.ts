/** Who wants to hear of changed rows. One LISTEN for each topic, made when somebody first asks for it. */
import type { Database, DatabaseEvents } from './database/database.ts';
import { leaveTransaction } from './database/transaction-scope.ts';
import type { StoreTopic } from './store.ts';

type Listener = (key: string) => void;

export class Subscriptions implements AsyncDisposable {
  readonly #database: Database;
  readonly #events: DatabaseEvents;
  readonly #listeners = new Map<StoreTopic, Set<Listener>>();
  readonly #starting: Promise<void>[] = [];
  readonly #closing = new AbortController();

  constructor(database: Database, events: DatabaseEvents) {
    this.#database = database;
    this.#events = events;
  }

  /** @returns a function that ends the subscription. */
  add(topic: StoreTopic, listener: Listener): () => void {
    const entry: Listener = (key) => listener(key); // one function may subscribe twice
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) {
      this.#listeners.set(topic, new Set([entry]));
      this.#starting.push(leaveTransaction(async () => this.#listen(topic)));
    } else {
      listeners.add(entry);
    }
    return () => this.#listeners.get(topic)?.delete(entry);
  }

  async #listen(topic: StoreTopic): Promise<void> {
    try {
      await this.#database.listen(
        `goldsmith_${topic}`,
        (key) => {
          for (const listener of this.#listeners.get(topic) ?? []) this.#tell(listener, key);
        },
        this.#closing.signal,
      );
    } catch (error) {
      this.#events.onError(error);
    }
  }

  #tell(listener: Listener, key: string): void {
    try {
      listener(key);
    } catch (error) {
      this.#events.onError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#starting);
    this.#closing.abort();
    this.#listeners.clear();
  }
}
