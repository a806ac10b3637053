/** Starts the process that executes one run. It dies with this one, and everything it started dies with it. */
import { endProcess, hasEnded, startProcess } from '../../host/command.ts';
import type { RunRecord } from '../../model/run.ts';
import type { ExecutorError, ExecutorJob, FromExecutor, ToExecutor, ToldEvent } from './messages.ts';

export interface ExecutorCommand {
  /** Program and arguments; it must call `serveExecutor`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ExecutorOptions {
  readonly command: ExecutorCommand;
  readonly job: ExecutorJob;
  readonly onEvent: (event: ToldEvent) => void;
  readonly onLogGrew: () => void;
}

export type ExecutorEnd =
  | { readonly kind: 'ended'; readonly record: RunRecord }
  | { readonly kind: 'refused'; readonly error: ExecutorError }
  /** `how` is for people; `lastWords` is what it wrote about itself, for logs. */
  | { readonly kind: 'died'; readonly how: string; readonly lastWords: string };

export interface Executor extends AsyncDisposable {
  readonly pid: number | undefined;
  /** Settles when the process is gone. Never rejects. */
  readonly ended: Promise<ExecutorEnd>;
  /** Asks it to cancel its build and clean up; how it obeys is seen in `ended`. */
  cancel(): void;
  /** Ends it at once. What it leaves is for the reaper. */
  kill(): Promise<void>;
}

/** Characters of standard error that are remembered. */
const LAST_WORDS_LENGTH = 4000;

export function startExecutor({ command, job, onEvent, onLogGrew }: ExecutorOptions): Executor {
  const child = startProcess(command.argv, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: command.env });
  let lastWords = '';
  let last: ExecutorEnd | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<ExecutorEnd>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = `${lastWords}${text}`.slice(-LAST_WORDS_LENGTH);
  });
  child.on('message', (message: FromExecutor) => {
    if (message.kind === 'event') onEvent(message.event);
    else if (message.kind === 'log-grew') onLogGrew();
    else last = message;
  });
  child.once('error', (error) => {
    resolve({ kind: 'died', how: 'could not be started', lastWords: error.message });
  });
  // `close` comes after the last message was read
  child.once('close', (code, signal) => {
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    resolve(last ?? { kind: 'died', how, lastWords });
  });
  const send = (message: ToExecutor): void => {
    // a process that is gone tells so by `close`
    if (child.connected) child.send(message, () => undefined);
  };
  send({ kind: 'start', job });
  const kill = async (): Promise<void> => {
    if (!hasEnded(child)) await endProcess(child, 0);
    await ended;
  };
  return {
    pid: child.pid,
    ended,
    cancel: () => send({ kind: 'cancel' }),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
