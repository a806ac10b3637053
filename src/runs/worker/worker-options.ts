/** What a worker works with. */
import type { SimulationPace } from '../../guest/simulated/simulated-shell.ts';
import type { Home } from '../../host/home.ts';
import type { Store } from '../../store/store.ts';
import type { ToldEvent } from '../executor/messages.ts';
import type { ExecutorCommand } from '../executor/start-executor.ts';
import type { ImageRegistry, StagingFiles, StagingView } from '../run-ports.ts';
import type { Capacity } from './admission.ts';

export interface RunWorkerOptions {
  readonly store: Store;
  readonly files: StagingFiles;
  readonly images: ImageRegistry;
  readonly staging: StagingView;
  /** Must be the executor's too. */
  readonly home: Home;
  readonly executor: ExecutorCommand;
  /** Run no machines; undefined = real ones. */
  readonly simulate: SimulationPace | undefined;
  /** What this host can give while no run is going on. */
  readonly capacity: () => Capacity;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** One line for people who look after the service. */
  readonly onLine: (line: string) => void;
  /** Failures that the worker goes on after. */
  readonly onError: (error: unknown) => void;
  /** Told of what happens in runs, and of the process that executes each. */
  readonly onEvent?: (runId: string, event: WorkerEvent) => void;
  readonly times?: Partial<WorkerTimes>;
}

export type WorkerEvent =
  | ToldEvent
  | { readonly kind: 'claimed'; readonly epoch: number }
  | { readonly kind: 'executor-started'; readonly pid: number | undefined }
  | { readonly kind: 'executor-ended' }
  | { readonly kind: 'delivering' }
  | { readonly kind: 'delivered' }
  | { readonly kind: 'closed' };

/** Milliseconds. */
export interface WorkerTimes {
  /** Silence after which a run is taken from its worker. */
  readonly leaseMs: number;
  /** Time that a cancelled build gets to clean up before its process is ended. */
  readonly cancelGraceMs: number;
}

/** Together with the clean-up after it, within `CANCEL_BOUND_MS`. */
export const DEFAULT_TIMES: WorkerTimes = { leaseMs: 12_000, cancelGraceMs: 12_000 };
