/** One command on one channel: frame it, pump its output, notice its end, kill it when aborted. */
import { finished, Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { GoldsmithError } from '../../model/errors.ts';
import type { ExecOptions, ExecResult, OutputStream } from '../guest-shell.ts';
import { connectionError } from './connection-failure.ts';
import { FrameCutter, frameCommand, type ExecFrame } from './exec-frame.ts';

export interface ExecHost {
  readonly client: Pick<Client, 'exec'>;
  /** The error for a connection that ended under a running command. */
  readonly lost: () => Error;
  /** Ends the process tree in the guest; may reject. */
  readonly kill: (processId: number) => Promise<void>;
}

/** How long a killed wrapper's channel may stay open after its exit status, when no closing mark came. */
const DRAIN_MS = 2000;

/** How long an aborted command waits for an answer of the guest that it needs to kill the command. */
const STUCK_MS = 10_000;

/** Runs `command` framed; see GuestShell.exec for what it promises. */
export async function runFramed(host: ExecHost, command: string, options: ExecOptions): Promise<ExecResult> {
  const { signal } = options;
  if (signal.aborted) throw cancelled(signal);
  const frame = frameCommand(command, options.stdin !== undefined);
  const run = await startRun(host, frame, options);
  const kill = async (): Promise<void> => {
    const processId = await withinMs(STUCK_MS, run.processId);
    // A kill that fails means that the guest is gone or stuck; the caller is told of the first cause.
    if (processId !== undefined) await host.kill(processId).catch(() => undefined);
  };
  const aborted = Promise.withResolvers<'aborted'>();
  const onAbort = (): void => aborted.resolve('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const end = await Promise.race([aborted.promise, run.ended]);
    if (end === 'aborted') throw cancelled(signal);
    if (end === undefined) throw host.lost();
    return end;
  } catch (error) {
    if (!run.over) await kill();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    run.release();
  }
}

async function startRun(host: ExecHost, frame: ExecFrame, options: ExecOptions): Promise<FramedRun> {
  const { signal } = options;
  const opened = Promise.withResolvers<FramedRun>();
  try {
    host.client.exec(frame.commandLine, (error, channel) => {
      // Listening must begin in this very call: output, exit status and close may lie in the same packet,
      // and the library reports them before any promise continues.
      if (error) opened.reject(host.lost());
      else opened.resolve(new FramedRun(channel, frame, options));
    });
  } catch {
    opened.reject(host.lost()); // the library throws when the connection is already gone
  }
  // The request cannot be taken back: an abort waits for the answer, so that the command can be killed.
  const stuck = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => stuck.reject(cancelled(signal)), STUCK_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([opened.promise, stuck.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  }
}

/** The promise's value, or undefined when it takes longer than `ms`. */
async function withinMs<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

class FramedRun {
  /** The session leader in the guest; undefined when the command ended before it told. */
  readonly processId: Promise<number | undefined>;
  /** The result; undefined when the channel ended without an exit status. Rejects when a callback or stdin failed. */
  readonly ended: Promise<ExecResult | undefined>;
  readonly #channel: ClientChannel;
  readonly #cutters: Readonly<Record<OutputStream, FrameCutter>>;
  readonly #options: ExecOptions;
  readonly #tellProcessId: (processId: number | undefined) => void;
  readonly #settle: (result: ExecResult | undefined) => void;
  readonly #fail: (error: unknown) => void;
  /** True when nothing of the command can run any more, or nothing can be known of it. */
  over = false;
  #exit: ExecResult | undefined;
  #drain: NodeJS.Timeout | undefined;
  #pending: Record<OutputStream, Promise<void>> = { out: Promise.resolve(), err: Promise.resolve() };

  constructor(channel: ClientChannel, frame: ExecFrame, options: ExecOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#cutters = { out: new FrameCutter(frame), err: new FrameCutter(frame) };
    const processId = Promise.withResolvers<number | undefined>();
    this.processId = processId.promise;
    this.#tellProcessId = processId.resolve;
    const ended = Promise.withResolvers<ExecResult | undefined>();
    this.ended = ended.promise;
    ended.promise.catch(() => undefined); // it may fail before anybody waits
    this.#settle = ended.resolve;
    this.#fail = ended.reject;
    channel.on('data', (chunk: Buffer) => this.#take('out', channel, chunk));
    channel.stderr.on('data', (chunk: Buffer) => this.#take('err', channel.stderr, chunk));
    channel.on('exit', (code: number | null, signalName?: string) => this.#exited(code, signalName));
    channel.on('close', () => this.#closed());
    channel.on('error', () => undefined); // a write after the other side closed; the exit status tells the rest
    this.#feed();
  }

  release(): void {
    clearTimeout(this.#drain);
    const stdin = this.#options.stdin;
    if (stdin instanceof Readable) stdin.unpipe(this.#channel);
    this.#channel.resume();
    this.#channel.stderr.resume();
    this.#channel.destroy();
  }

  #feed(): void {
    const stdin = this.#options.stdin;
    if (stdin === undefined || typeof stdin === 'string') {
      this.#channel.end(stdin ?? '');
      return;
    }
    finished(stdin, { writable: false }, (error) => {
      if (error) this.#fail(error);
    });
    stdin.pipe(this.#channel);
  }

  #take(stream: OutputStream, source: Readable, chunk: Buffer): void {
    const cutter = this.#cutters[stream];
    const bytes = cutter.push(chunk);
    if (stream === 'out' && cutter.openingNote !== undefined) {
      this.#tellProcessId(Number.parseInt(cutter.openingNote, 10) || undefined);
    }
    this.#give(stream, source, bytes);
    this.#settleWhenDone();
  }

  #give(stream: OutputStream, source: Readable, bytes: Buffer): void {
    if (bytes.length === 0 || this.#options.signal.aborted) return;
    try {
      const taken = this.#options.onOutput?.(stream, bytes);
      if (taken === undefined) return;
      source.pause();
      this.#pending[stream] = taken.then(() => void source.resume(), this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  #exited(code: number | null, signalName: string | undefined): void {
    this.#exit =
      signalName === undefined
        ? { exitCode: code ?? 255 }
        : { exitCode: code ?? 255, signalName: signalName.replace(/^SIG/, '') };
    this.#settleWhenDone();
    // Only a wrapper that was itself killed exits without its closing marks.
    this.#drain ??= setTimeout(() => this.#closed(), DRAIN_MS);
  }

  #settleWhenDone(): void {
    if (this.#exit !== undefined && this.#cutters.out.closed && this.#cutters.err.closed) this.#finish();
  }

  #closed(): void {
    this.#give('out', this.#channel, this.#cutters.out.flush());
    this.#give('err', this.#channel.stderr, this.#cutters.err.flush());
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#drain);
    this.over = true;
    this.#tellProcessId(undefined);
    const { out } = this.#cutters;
    if (this.#exit !== undefined && out.openingNote === undefined) {
      const said = out.greeting.trim().slice(-200);
      this.#fail(
        connectionError('LoginRefused', `: its login shell runs no commands${said && ` (${said})`}`),
      );
      return;
    }
    void Promise.all([this.#pending.out, this.#pending.err]).then(() => this.#settle(this.#exit));
  }
}

function cancelled(signal: AbortSignal): GoldsmithError {
  return new GoldsmithError('Cancelled', 'The command in the build VM was cancelled', {
    cause: signal.reason,
  });
}
