/** What one build needs to know, and the few things that tests and composition roots may replace. */
import type { BuildUser } from '../host/build-user.ts';
import type { Home } from '../host/home.ts';
import type { CatalogueEntry } from '../images/catalogue/catalogue-file.ts';
import type { ImageStore } from '../images/store/image-store.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { Artifact, DiskFormat } from '../model/run.ts';
import type { resolveSource } from '../images/resolve-source.ts';
import type { Accelerator, Hypervisor } from '../vm/hypervisor.ts';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import type { KeyInputs } from './checkpoints/keys.ts';
import type { wakeCheckpoint } from './checkpoints/wake-checkpoint.ts';
import type { openGuestSession } from './guest-session.ts';

export interface BuildOptions {
  /** GUID and name of the run's folder, which may hold the logs of an earlier attempt; undefined = a new one. */
  readonly runId?: string;
  readonly template: ImageTemplate;
  /** For messages and as the origin of what is published. */
  readonly templateName: string;
  /** Base of relative `scriptUri` and `sourceUri` paths; undefined = only http and https. */
  readonly templateFolder: string | undefined;
  /** Scripts and files that are on this machine already: local paths by the address in the template. */
  readonly localCopies?: ReadonlyMap<string, string>;
  /** Where VHDs and extra copies go; made when missing. */
  readonly outputFolder: string;
  /** Extra copies of the result. */
  readonly copies: readonly DiskFormat[];
  /** Acts like `onCustomizerError: abort` and `onValidationError: abort`. */
  readonly keepOnError: boolean;
  /** Artifacts of the run that this one resumes; see `DistributeRequest.published`. */
  readonly published?: readonly Artifact[];
  /** What of earlier builds may stand in for work. */
  readonly reuse: ReusePolicy;
  /** How long a machine may take from power-on to its first SSH command, milliseconds. */
  readonly bootTimeoutMs: number;
}

/** What of earlier builds may be used again. Machines that have only booted may, unless `fresh`. */
export interface ReusePolicy {
  /** Nothing that is kept is used. What this build makes is kept all the same. */
  readonly fresh: boolean;
  /** Results of customizers that began longer ago are not used; 0 = every customizer runs. Milliseconds. */
  readonly maxStepAgeMs: number;
  /** Results from this moment on are used whatever `maxStepAgeMs` says; milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** The customizer, from 0, that runs again with all that follow; what was kept of them is dropped. */
  readonly rerunFrom?: number;
}

/** Machines that have booted are used again, results of customizers are not: what Azure promises its users. */
export const RUN_EVERY_CUSTOMIZER: ReusePolicy = { fresh: false, maxStepAgeMs: 0 };

export interface BuildHost {
  readonly home: Home;
  readonly user: BuildUser;
  readonly store: ImageStore;
  readonly catalogue: readonly CatalogueEntry[];
  readonly createHypervisor: (onProcess: (pid: number, vmName: string) => void) => Hypervisor;
  readonly accelerator: Accelerator;
  readonly cpuModel: string;
  /** Everything else about this machine that a guest's memory depends on, in words and values. */
  readonly machineFacts: KeyInputs;
  /** Where machines are kept for later builds; undefined = nothing is kept or used. */
  readonly checkpoints?: CheckpointStore;
  readonly now: () => number;
  /** How sources become bytes; undefined = {@link resolveSource}. */
  readonly resolveSource?: typeof resolveSource;
  /** How machines get ready for customizers; undefined = {@link openGuestSession}: real ones, over SSH. */
  readonly openSession?: typeof openGuestSession;
  /** How kept machines are woken; undefined = {@link wakeCheckpoint}. */
  readonly wakeSession?: typeof wakeCheckpoint;
}

/** Azure's builder waits this long for SSH; enough for the slowest emulated first boot. */
export const DEFAULT_BOOT_TIMEOUT_MS = 20 * 60_000;
