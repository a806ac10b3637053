/**
 * Azurite as a child: started in the background, told its accounts, started again when it dies. An flock on the
 * data folder keeps a successor waiting until the one before has saved and gone.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, hasEnded, startProcess } from '../../../host/command.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import { fromAzurite, type AzuriteStart, type FromAzurite, type ToAzurite } from './azurite-messages.ts';

export interface AzuriteProcessOptions extends Omit<AzuriteStart, 'kind' | 'accounts'> {
  /** In the form of `AzuriteStart.accounts`; read at every start. */
  readonly accounts: () => string;
  /** What it prints, a line at a time. */
  readonly onLine: (line: string) => void;
  /** Milliseconds before the next start after each death in a row; then it is given up. */
  readonly restartDelaysMs: readonly number[];
}

export const DEFAULT_RESTART_DELAYS_MS: readonly number[] = [100, 1000, 5000, 15_000];
/** A server that lived this long has not died at its start, milliseconds. */
const HEALTHY_AFTER_MS = 60_000;
/** For saving and closing, before it is killed, milliseconds. */
const CLOSE_GRACE_MS = 10_000;

export class AzuriteProcess implements AsyncDisposable {
  readonly #options: AzuriteProcessOptions;
  readonly #closing = new AbortController();
  readonly #waiting = new Map<number, (error: string | undefined) => void>();
  #child: ChildProcess | undefined;
  #up = Promise.withResolvers<void>();
  #isUp = false;
  #failure: GoldsmithError | undefined;
  #lastId = 0;
  readonly #life: Promise<void>;

  constructor(options: AzuriteProcessOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#life = this.#live();
  }

  /** @throws GoldsmithError `HostNotReady` when it gave up, `Cancelled`. */
  async ready(signal: AbortSignal): Promise<void> {
    const aborted = new AbortController();
    try {
      await Promise.race([
        this.#up.promise,
        once(signal, 'abort', { signal: aborted.signal }).then(() => undefined),
        ...(signal.aborted ? [Promise.resolve()] : []),
      ]);
    } finally {
      aborted.abort();
    }
    if (signal.aborted) {
      throw new GoldsmithError('Cancelled', 'Waiting for the blob service was cancelled', {
        cause: signal.reason,
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Tells a running server its accounts; one that starts later asks for them. */
  async accountsChanged(): Promise<void> {
    if (this.#isUp) await this.#ask({ kind: 'accounts', accounts: this.#options.accounts() });
  }

  async flush(): Promise<void> {
    if (this.#isUp) await this.#ask({ kind: 'flush' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#fail('The blob service is closing');
    if (this.#child !== undefined) await endProcess(this.#child, CLOSE_GRACE_MS);
    await this.#life;
  }

  async #live(): Promise<void> {
    const { signal } = this.#closing;
    for (let deaths = 0; !signal.aborted; deaths += 1) {
      const startedAt = performance.now();
      const reason = await this.#runOnce();
      if (signal.aborted) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) deaths = 0;
      const wait = this.#options.restartDelaysMs[deaths];
      if (wait === undefined) return this.#fail(`The blob service ended again and again: ${reason}`);
      this.#options.onLine(`ended (${reason}), starting again`);
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One life of the server. @returns why it ended. */
  async #runOnce(): Promise<string> {
    const { folder, host, port, tls, accountInHost, onLine, accounts } = this.#options;
    const lock = ['flock', '--exclusive', '--no-fork', join(folder, 'lock')];
    const child = startProcess([...lock, process.execPath, join(import.meta.dirname, 'azurite-main.ts')], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      deathSignal: 'TERM',
    });
    this.#child = child;
    let reason = 'without a word';
    child.on('message', (message) => {
      const heard = fromAzurite.parse(message);
      if (heard.kind === 'failed') reason = heard.message;
      this.#hear(heard);
    });
    for (const input of [child.stdout, child.stderr]) {
      if (input !== null) createInterface({ input }).on('line', onLine);
    }
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        reason = error.message;
        resolve();
      });
    });
    const start = { kind: 'start', folder, host, port, accountInHost, accounts: accounts() } as const;
    this.#send(child, tls === undefined ? start : { ...start, tls });
    await gone;
    this.#down();
    return reason;
  }

  #hear(message: FromAzurite): void {
    if (message.kind === 'listening') {
      this.#isUp = true;
      // Accounts that were added since the start message.
      this.#ask({ kind: 'accounts', accounts: this.#options.accounts() }).then(
        () => this.#up.resolve(),
        () => undefined, // it ended meanwhile
      );
    } else if (message.kind === 'done') {
      this.#waiting.get(message.id)?.(message.error);
    }
  }

  #down(): void {
    if (this.#isUp) {
      this.#isUp = false;
      this.#up = Promise.withResolvers<void>();
    }
    for (const answer of this.#waiting.values()) answer('the blob service ended');
  }

  #fail(message: string): void {
    this.#failure ??= new GoldsmithError('HostNotReady', message);
    this.#up.resolve();
  }

  async #ask(request: { readonly kind: 'accounts'; readonly accounts: string } | { readonly kind: 'flush' }) {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiting.set(id, resolve);
    this.#send(child, { ...request, id });
    const error = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new GoldsmithError('HostNotReady', `The blob service failed: ${error}`);
  }

  #send(child: ChildProcess, message: ToAzurite): void {
    // A channel that has closed means that the program ends; its exit tells the rest.
    if (child.connected) child.send(message, () => undefined);
  }
}
