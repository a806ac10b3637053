/** The port between the engine and the inside of a machine: run commands, send files, over one open connection. */
import type { Readable } from 'node:stream';
import type { GuestTerminal, TerminalSize } from './ssh/terminal.ts';

export type OutputStream = 'out' | 'err';

export interface ExecOptions {
  /** What the command reads; without it the command's standard input is /dev/null. */
  readonly stdin?: Readable | string;
  /** Each chunk as it arrives. A returned promise holds the guest back until it settles. */
  readonly onOutput?: (stream: OutputStream, chunk: Buffer) => void | Promise<void>;
  /** Aborting kills the command and everything it started, then rejects with `Cancelled`. */
  readonly signal: AbortSignal;
}

export interface ExecResult {
  /** 0 to 255; 128 + n when the command was ended by signal n. */
  readonly exitCode: number;
  /** Set when the guest's SSH server saw the whole session end by a signal, for example `KILL`. */
  readonly signalName?: string;
}

export interface UploadOptions {
  /** Absolute path of the file in the guest; its folder must exist. */
  readonly destination: string;
  /** Write and own the file as root; otherwise as the login user. */
  readonly asRoot: boolean;
  /** Permission bits, for example 0o644. */
  readonly mode: number;
  /** Bytes to come, when known: a shorter or longer source is an error. */
  readonly sizeBytes?: number;
  readonly onProgress?: (doneBytes: number) => void;
  readonly signal: AbortSignal;
}

export interface GuestShell extends AsyncDisposable {
  readonly userName: string;
  /** Resolves when the connection is gone, whoever ended it. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Runs `command` with /bin/sh and resolves when that command has exited, even when something it left in
   * the background still holds its output open.
   * @throws GoldsmithError `Cancelled`, or `GuestUnreachable` when the connection was lost meanwhile.
   */
  exec(command: string, options: ExecOptions): Promise<ExecResult>;
  /**
   * Streams `source` into a file of the guest, replacing one that exists.
   * @throws UploadRefused when the guest cannot hold the file; otherwise as `exec`.
   */
  upload(source: Readable, options: UploadOptions): Promise<void>;
  /** Opens an interactive login shell; see {@link GuestTerminal}. */
  openTerminal(size: TerminalSize, term: string): Promise<GuestTerminal>;
  /** Ends the connection; commands that still run are given up. */
  close(): Promise<void>;
}

/** The guest did not take a file: a sentence for people, naming the path. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
}
