/** The record of one run of a template, and the events that tell its progress. */
import type { ErrorDetail } from './errors.ts';
import type { Generation, OsType } from './image-template.ts';

/** `lastRunStatus.runState` of the reference, section 1.4. */
export type RunState = 'Running' | 'Canceling' | 'Succeeded' | 'PartiallySucceeded' | 'Failed' | 'Canceled';

/** `lastRunStatus.runSubState`. */
export type RunSubState =
  | 'Queued'
  | 'Building'
  | 'Customizing'
  | 'Optimizing'
  | 'Validating'
  | 'Distributing';

export type StepState = 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

export interface StepRecord {
  /** Stable id inside a run, for example `customize[0]`. */
  readonly id: string;
  /** What a person reads, for example `Customize 1/3: Shell "install"`. */
  readonly title: string;
  readonly state: StepState;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly message?: string;
  /** Nothing was done: what an earlier build kept was used. When that was made. */
  readonly reusedFrom?: string;
}

export interface Artifact {
  readonly runOutputName: string;
  readonly kind: 'ManagedImage' | 'SharedImage' | 'VHD' | 'Copy';
  /** ARM id for images and gallery versions. */
  readonly artifactId?: string;
  /** Absolute path of the file that holds the disk. */
  readonly path: string;
  /** File format at `path`. */
  readonly format: DiskFormat;
  readonly virtualSizeBytes: number;
  readonly allocatedSizeBytes: number;
  /** `gs1-sha256:<hex>`: the extent-aware digest of the disk's content (not a file checksum). */
  readonly digest: string;
  readonly tags: Readonly<Record<string, string>>;
}

export type DiskFormat = 'raw' | 'vhd' | 'qcow2' | 'vhdx' | 'vmdk';

/** What one `goldsmith build --json` prints and `runs/<id>/run.json` keeps. */
export interface RunRecord {
  readonly runId: string;
  readonly templateName: string;
  readonly state: RunState;
  readonly subState: RunSubState;
  readonly startTime: string;
  readonly endTime?: string;
  readonly message: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    /** What the reader can do next, one sentence. */
    readonly hint?: string;
    readonly details: readonly ErrorDetail[];
  };
  readonly source?: ResolvedSourceRecord;
  readonly vm?: {
    readonly vmSize: string;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly accelerator: string;
  };
  readonly steps: readonly StepRecord[];
  /** Why customizers ran although earlier builds are kept, by the id of their step. */
  readonly ran?: Readonly<Record<string, string>>;
  readonly artifacts: readonly Artifact[];
  readonly logPath: string;
  readonly warnings: readonly string[];
}

export interface ResolvedSourceRecord {
  /** What the template asked for: a URN or an ARM id. */
  readonly requested: string;
  /** The version that `latest` meant on this run, or the one asked for. */
  readonly exactVersion?: string;
  readonly digest: string;
  readonly generation: Generation;
  readonly osType: OsType;
}

/** Progress, in order of happening. Renderers (terminal, plain lines, JSON) consume these and nothing else. */
export type BuildEvent =
  | {
      readonly kind: 'run-started';
      readonly at: number;
      readonly runId: string;
      readonly templateName: string;
    }
  | { readonly kind: 'sub-state'; readonly at: number; readonly subState: RunSubState }
  | { readonly kind: 'step-started'; readonly at: number; readonly id: string; readonly title: string }
  | {
      readonly kind: 'step-output';
      readonly at: number;
      readonly id: string;
      readonly stream: 'out' | 'err';
      readonly line: string;
    }
  | {
      readonly kind: 'step-progress';
      readonly at: number;
      readonly id: string;
      readonly doneBytes: number;
      readonly totalBytes: number | undefined;
      readonly what: string;
    }
  | {
      readonly kind: 'step-ended';
      readonly at: number;
      readonly id: string;
      readonly title: string;
      readonly state: StepState;
      readonly durationMs: number;
      readonly message?: string;
    }
  | { readonly kind: 'warning'; readonly at: number; readonly message: string }
  | { readonly kind: 'run-ended'; readonly at: number; readonly record: RunRecord };

export type BuildEventSink = (event: BuildEvent) => void;
