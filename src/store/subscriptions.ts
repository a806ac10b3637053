/** Who wants to hear of changed rows. The database is listened to from the start, so that no subscriber is late. */
import type { Database, DatabaseEvents } from './database/database.ts';
import type { StoreTopic } from './store.ts';

type Listener = (key: string) => void;

const topics: readonly StoreTopic[] = ['runs', 'resources', 'operations'];

export class Subscriptions implements Disposable {
  readonly #events: DatabaseEvents;
  readonly #listeners = new Map<StoreTopic, Set<Listener>>();
  readonly #closing = new AbortController();

  private constructor(events: DatabaseEvents) {
    this.#events = events;
  }

  static async open(database: Database, events: DatabaseEvents): Promise<Subscriptions> {
    const subscriptions = new Subscriptions(events);
    for (const topic of topics) {
      // The name is that of the trigger functions in the migrations.
      const tell = (key: string): void => subscriptions.#tell(topic, key);
      await database.listen(`goldsmith_${topic}`, tell, subscriptions.#closing.signal);
    }
    return subscriptions;
  }

  /** @returns a function that ends the subscription. */
  add(topic: StoreTopic, listener: Listener): () => void {
    const entry: Listener = (key) => listener(key); // one function may subscribe twice
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(entry));
    return () => listeners.delete(entry);
  }

  #tell(topic: StoreTopic, key: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(key);
      } catch (error) {
        this.#events.onError(error);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#listeners.clear();
  }
}
