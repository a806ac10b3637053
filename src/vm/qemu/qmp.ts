/**
 * A client for QEMU's machine protocol (QMP): one JSON object a line, commands answered in order,
 * events in between. Source: QEMU manual, "QEMU Machine Protocol Specification".
 */
import type { Duplex } from 'node:stream';
import * as z from 'zod';
import { GoldsmithError } from '../../model/errors.ts';

const messageSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() }),
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);

export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Longest line QEMU may send; more means that the other side is not QEMU. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

export class QmpClient {
  /** Resolves with the reason when QEMU can be asked nothing any more. Never rejects. */
  readonly closed: Promise<GoldsmithError>;
  readonly #tellClosed: (reason: GoldsmithError) => void;
  readonly #stream: Duplex;
  readonly #waiters: Waiter[] = [];
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #pending = '';
  #closed: GoldsmithError | undefined;
  #greet: Waiter | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const { promise, resolve } = Promise.withResolvers<GoldsmithError>();
    this.closed = promise;
    this.#tellClosed = resolve;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.#receive(chunk));
    stream.on('error', (cause) =>
      this.#fail(new GoldsmithError('VmDied', 'The monitor connection broke', { cause })),
    );
    for (const end of ['end', 'close']) {
      stream.on(end, () => this.#fail(new GoldsmithError('VmDied', 'QEMU closed its monitor connection')));
    }
  }

  /** Waits for QEMU's greeting and leaves negotiation mode. Call once, first. */
  async negotiate(): Promise<void> {
    await new Promise<unknown>((resolve, reject) => {
      if (this.#closed !== undefined) reject(this.#closed);
      else this.#greet = { resolve, reject };
    });
    await this.execute('qmp_capabilities');
  }

  /**
   * Runs one command and gives its `return` value.
   * @throws GoldsmithError `CommandFailed` with QEMU's description, or `VmDied` when QEMU is gone.
   */
  async execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#closed !== undefined) throw this.#closed;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(chunk: string): void {
    this.#pending += chunk;
    if (this.#pending.length > MAX_LINE_BYTES) {
      this.#fail(new GoldsmithError('VmDied', 'QEMU sent an endless monitor line'));
      this.#stream.destroy();
      return;
    }
    let end = this.#pending.indexOf('\n');
    while (end >= 0) {
      const line = this.#pending.slice(0, end).trim();
      this.#pending = this.#pending.slice(end + 1);
      if (line !== '') this.#handle(line);
      end = this.#pending.indexOf('\n');
    }
  }

  #handle(line: string): void {
    const parsed = messageSchema.safeParse(parseJson(line));
    if (!parsed.success) {
      this.#fail(
        new GoldsmithError('VmDied', 'QEMU sent something that is not QMP', { internal: line.slice(0, 500) }),
      );
      return;
    }
    const message = parsed.data;
    if ('QMP' in message) {
      this.#greet?.resolve(undefined);
      this.#greet = undefined;
    } else if ('event' in message) {
      const event = { name: message.event, data: message.data ?? {} };
      for (const listener of this.#listeners) listener(event);
    } else if ('error' in message) {
      this.#waiters
        .shift()
        ?.reject(new GoldsmithError('CommandFailed', `QEMU refused a command: ${message.error.desc}`));
    } else {
      this.#waiters.shift()?.resolve(message.return);
    }
  }

  #fail(error: GoldsmithError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#tellClosed(error);
    this.#greet?.reject(error);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
