/** One connection that hears notifications, and comes back when it is lost. What was told meanwhile is not heard. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier, type ClientConfig } from 'pg';
import type { DatabaseEvents } from './database.ts';

type Listener = (payload: string) => void;

const MAX_PAUSE_MS = 10_000;

export class PostgresListener implements AsyncDisposable {
  readonly #config: ClientConfig;
  readonly #events: DatabaseEvents;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #closing = new AbortController();
  #client: Promise<Client> | undefined;

  constructor(config: ClientConfig, events: DatabaseEvents) {
    this.#config = config;
    this.#events = events;
  }

  /** Resolves when notifications on `channel` are heard. @throws the error of the first connection. */
  async add(channel: string, listener: Listener, signal: AbortSignal): Promise<void> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners);
    listeners.add(listener);
    signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
    const connecting = (this.#client ??= this.#connect());
    try {
      await listenOn(await connecting, channel);
    } catch (error) {
      if (this.#client === connecting) this.#client = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.#config);
    let established = false;
    const onLost = (error?: Error): void => {
      client.removeAllListeners();
      client.on('error', () => undefined); // a dying connection may tell more than one
      if (!established || this.#closing.signal.aborted) return;
      if (error !== undefined) this.#events.onError(error);
      this.#client = this.#reconnect(client);
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', ({ channel, payload = '' }) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
    });
    await client.connect();
    for (const channel of this.#listeners.keys()) await listenOn(client, channel);
    established = true;
    return client;
  }

  async #reconnect(lost: Client): Promise<Client> {
    await lost.end().catch(() => undefined); // it is gone already, but may still hold its socket
    for (let attempt = 0; ; attempt += 1) {
      await delay(Math.min(MAX_PAUSE_MS, 100 * 2 ** attempt), undefined, { signal: this.#closing.signal });
      try {
        return await this.#connect();
      } catch (error) {
        if (attempt === 0) this.#events.onError(error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#listeners.clear();
    const client = await this.#client?.catch(() => undefined); // told when it failed
    await client?.end();
  }
}

async function listenOn(client: Client, channel: string): Promise<void> {
  await client.query(`listen ${escapeIdentifier(channel)}`);
}
