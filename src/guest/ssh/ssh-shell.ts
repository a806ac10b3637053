/** The GuestShell port over one ssh2 connection. */
import type { Duplex, Readable } from 'node:stream';
import type { Client } from 'ssh2';
import type { ExecOptions, ExecResult, GuestShell, UploadOptions } from '../guest-shell.ts';
import { connectionError, failureOf } from './connection-failure.ts';
import { runFramed } from './exec.ts';
import { killTreeCommand } from './process-tree.ts';
import { openTerminal, type GuestTerminal, type TerminalSize } from './terminal.ts';
import { uploadFile } from './upload.ts';

/** How long a cancelled command's clean-up may take before it is given up (a dead guest never answers). */
const KILL_WITHIN_MS = 15_000;

export class SshShell implements GuestShell {
  readonly userName: string;
  readonly closed: Promise<void>;
  readonly #client: Client;
  readonly #stream: Duplex;
  /** The first error: what follows it is only the stream falling down. */
  #firstError: Error | undefined;

  constructor(client: Client, stream: Duplex, userName: string) {
    this.userName = userName;
    this.#client = client;
    this.#stream = stream;
    client.on('error', (error) => {
      this.#firstError ??= error;
    });
    // The library reports the end of the stream; only a closed stream makes it give up its channels.
    client.on('end', () => stream.destroy());
    this.closed = new Promise((resolve) => {
      client.once('close', () => resolve());
      if (stream.destroyed) resolve();
    });
  }

  async exec(command: string, options: ExecOptions): Promise<ExecResult> {
    return runFramed(
      {
        client: this.#client,
        lost: () => this.#lost(),
        kill: async (processId) => this.#kill(processId),
      },
      command,
      options,
    );
  }

  async upload(source: Readable, options: UploadOptions): Promise<void> {
    await uploadFile(this, source, options);
  }

  async openTerminal(size: TerminalSize, term: string): Promise<GuestTerminal> {
    return openTerminal(this.#client, size, term);
  }

  async close(): Promise<void> {
    if (this.#stream.destroyed) return;
    const gone = new Promise((resolve) => this.#stream.once('close', resolve));
    this.#client.end();
    this.#stream.destroy();
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #lost(): Error {
    const cause = this.#firstError;
    const failure = cause === undefined ? 'ConnectionLost' : failureOf(cause);
    return connectionError(
      failure === 'HandshakeFailed' ? 'ConnectionLost' : failure,
      'while a command ran',
      cause,
    );
  }

  async #kill(processId: number): Promise<void> {
    const signal = AbortSignal.timeout(KILL_WITHIN_MS);
    await runFramed(
      { client: this.#client, lost: () => this.#lost(), kill: async () => undefined },
      killTreeCommand(this.userName, processId),
      { signal },
    );
  }
}
