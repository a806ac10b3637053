/** The inside of the process that executes one run: the build engine, with its worker at the other end of a channel. */
import type { BuildHost } from '../../build/build-options.ts';
import { DEFAULT_BOOT_TIMEOUT_MS } from '../../build/build-options.ts';
import { runBuild } from '../../build/run-build.ts';
import { reasonOf } from '../../build/run-limits.ts';
import type { BuildEvent } from '../../model/run.ts';
import type { ExecutorJob, FromExecutor, ToExecutor } from './messages.ts';

/** The part of `process` that is needed here. */
export interface ExecutorProcess {
  send?: (message: FromExecutor, callback: (error: Error | null) => void) => boolean;
  on(event: 'message', listener: (message: ToExecutor) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect?: () => void;
  exit(code: number): void;
}

/** Opens what the engine needs of this machine, simulated or real. */
export type OpenHost = (job: ExecutorJob, signal: AbortSignal) => Promise<BuildHost & Disposable>;

/** The log is told of at most this often, milliseconds. */
const LOG_PAUSE_MS = 500;

/** Executes the one job that arrives; resolves when everything was told. Without its worker it ends at once. */
export async function serveExecutor(self: ExecutorProcess, openHost: OpenHost): Promise<void> {
  // nobody would learn what becomes of the run; its leftovers are in the journal, and its programs die with it
  self.once('disconnect', () => self.exit(1));
  const cancel = new AbortController();
  const started = Promise.withResolvers<ExecutorJob>();
  self.on('message', (message) => {
    if (message.kind === 'start') started.resolve(message.job);
    else cancel.abort();
  });
  const job = await started.promise;
  await tell(self, await execute(self, job, openHost, cancel.signal));
}

async function execute(
  self: ExecutorProcess,
  job: ExecutorJob,
  openHost: OpenHost,
  signal: AbortSignal,
): Promise<FromExecutor> {
  using log = new LogTeller(() => void tell(self, { kind: 'log-grew' }));
  try {
    using host = await openHost(job, signal);
    const { template, templateName, runId, outputFolder, reuse } = job;
    const record = await runBuild(
      {
        ...{ template, templateName, runId, outputFolder, reuse },
        templateFolder: undefined,
        localCopies: new Map(job.localCopies),
        copies: [],
        keepOnError: false,
        bootTimeoutMs: DEFAULT_BOOT_TIMEOUT_MS,
      },
      host,
      (event) => tellEvent(self, log, event),
      signal,
    );
    return { kind: 'ended', record };
  } catch (error) {
    const { code, message, hint, details } = reasonOf(error, signal);
    return {
      kind: 'refused',
      error: { code, message, details, ...(hint === undefined ? {} : { hint }) },
    };
  }
}

function tellEvent(self: ExecutorProcess, log: LogTeller, event: BuildEvent): void {
  log.grew();
  if (event.kind === 'step-output' || event.kind === 'step-progress' || event.kind === 'run-ended') return;
  void tell(self, { kind: 'event', event });
}

async function tell(self: ExecutorProcess, message: FromExecutor): Promise<void> {
  // without a worker this process is about to exit
  await new Promise<void>((resolve) => {
    if (self.send === undefined) resolve();
    else self.send(message, () => resolve());
  });
}

/** Tells at once, then not again before a pause is over; what came meanwhile is told at its end. */
class LogTeller implements Disposable {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  constructor(tellGrowth: () => void) {
    this.#tell = tellGrowth;
  }

  grew(): void {
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    this.#tell();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.grew();
    }, LOG_PAUSE_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
