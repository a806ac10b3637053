/**
 * What the commands need from the rooms below. Only `main.ts` and the adapter files beside it know who provides it;
 * tests pass their own. Everything that can take time takes an `AbortSignal`.
 */
import type { Duplex } from 'node:stream';
import type { ReusePolicy } from '../build/build-options.ts';
import type { DoctorReport } from '../host/doctor/report.ts';
import type { Generation, ImageTemplate, OsType } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import type { Issue } from '../model/issue.ts';
import type { BuildEventSink, DiskFormat, RunRecord } from '../model/run.ts';

export interface Ports {
  readonly templates: Templates;
  readonly builds: Builds;
  readonly machines: Machines;
  readonly images: Images;
  readonly host: HostChecks;
  readonly runs: Runs;
  readonly cleaning: Cleaning;
  readonly cache: Cache;
  readonly demo: DemoPorts;
  readonly service: Service;
  readonly workers: Workers;
}

// ---- templates ------------------------------------------------------------------------------

export interface Templates {
  /** Checks the text of a template file; never throws for a bad one. */
  parse(text: string, wishes: TemplateWishes): Promise<TemplateOutcome>;
}

export interface TemplateWishes {
  /** Read the document as this api-version, whatever it says. */
  readonly apiVersion?: string;
}

export type TemplateOutcome =
  | {
      readonly valid: true;
      readonly template: ImageTemplate;
      readonly apiVersion: string;
      readonly warnings: readonly Issue[];
    }
  | { readonly valid: false; readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] };

// ---- builds ---------------------------------------------------------------------------------

export interface BuildRequest {
  readonly template: ImageTemplate;
  /** Absolute path, or `-` for standard input. */
  readonly templatePath: string;
  readonly templateName: string;
  /** Absolute path. */
  readonly outputFolder: string;
  readonly copies: readonly DiskFormat[];
  readonly keepOnError: boolean;
  readonly reuse: ReusePolicy;
  /** Leave alone what the last run of the template published, if it did not succeed. */
  readonly resume: boolean;
}

export interface Builds {
  run(request: BuildRequest, sink: BuildEventSink, signal: AbortSignal): Promise<RunRecord>;
}

// ---- machines -------------------------------------------------------------------------------

export interface BootRequest {
  /** A reference into the image store, or a path of a disk file. */
  readonly image: string;
  readonly memoryBytes: number | undefined;
  readonly cpus: number | undefined;
  /** False: the guest reaches nothing outside. */
  readonly network: boolean;
  /** Of a disk file: undefined = found out from the disk. Images in the store know. */
  readonly generation: Generation | undefined;
  /** How a disk file is fed at its first boot: undefined = like an Azure VM. Images in the store know. */
  readonly provisioning: Provisioning | undefined;
}

export interface Machines {
  /** Boots on a throw-away copy; resolves when the throw-away user has logged in; services may still be starting. */
  boot(request: BootRequest, sink: BuildEventSink, signal: AbortSignal): Promise<BootedMachine>;
  /** Boots on a throw-away copy; resolves as soon as the virtual CPUs run. */
  bootConsole(request: BootRequest, sink: BuildEventSink, signal: AbortSignal): Promise<ConsoleMachine>;
  /** Wakes a copy of the machine that a failed run kept. */
  openKept(runId: string, sink: BuildEventSink, signal: AbortSignal): Promise<Machine>;
  /** Wakes a copy of the machine as a build left it after a customizer. */
  openCheckpoint(request: CheckpointRequest, sink: BuildEventSink, signal: AbortSignal): Promise<Machine>;
}

export interface CheckpointRequest {
  readonly template: ImageTemplate;
  readonly templateName: string;
  /** Absolute, or `-` for standard input. */
  readonly templatePath: string;
  /** How many customizers have run in it. */
  readonly done: number;
}

export interface Machine extends AsyncDisposable {
  readonly title: string;
  /** An interactive login shell. */
  openShell(size: { columns: number; rows: number }, term: string): Promise<Shell>;
  /** Runs one command and resolves with its exit code. */
  run(
    command: string,
    onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
    signal: AbortSignal,
  ): Promise<number>;
}

export interface BootedMachine extends Machine {
  /** Opens a TCP connection to a port of the guest. */
  dial(port: number, signal: AbortSignal): Promise<Duplex>;
}

export interface ConsoleMachine extends AsyncDisposable {
  readonly title: string;
  /** The serial console as it comes: raw bytes both ways. */
  readonly console: Duplex;
}

export interface Shell {
  readonly stream: Duplex;
  resize(size: { columns: number; rows: number }): void;
}

// ---- images ---------------------------------------------------------------------------------

export interface ImageEntry {
  /** What to type to name this image again. */
  readonly reference: string;
  readonly kind: string;
  /** The raw disk; undefined when the bytes in the store are damaged. */
  readonly path: string | undefined;
  readonly osType: OsType;
  readonly generation: Generation;
  readonly architecture: string;
  readonly virtualSizeBytes: number;
  readonly allocatedSizeBytes: number;
  readonly digest: string;
  readonly createdAt: string;
}

export interface ImportRequest {
  /** Absolute path of a disk file. */
  readonly path: string;
  /** A short name, or the ARM id of a managed image. */
  readonly name: string;
  readonly osType: OsType;
  /** undefined = found out from the disk. */
  readonly generation: Generation | undefined;
  readonly provisioning: Provisioning;
  /** Take the place of an image of that name. */
  readonly replace: boolean;
}

export interface ImportOutcome {
  readonly image: ImageEntry;
  readonly format: DiskFormat;
  /** Why it has the generation it has, one sentence. */
  readonly generationBecause: string;
}

export interface Images {
  list(): Promise<readonly ImageEntry[]>;
  show(reference: string): Promise<ImageEntry>;
  /** @returns the bytes freed. */
  remove(reference: string): Promise<number>;
  import(request: ImportRequest, sink: BuildEventSink, signal: AbortSignal): Promise<ImportOutcome>;
}

// ---- this machine ---------------------------------------------------------------------------

export interface HostChecks {
  check(signal: AbortSignal): Promise<DoctorReport>;
  /** Does what `report` says is missing and can be done. `say` gets a line for each thing done. */
  install(report: DoctorReport, say: (line: string) => void, signal: AbortSignal): Promise<void>;
}

// ---- runs and cleaning ----------------------------------------------------------------------

export interface Runs {
  /** Newest first. Folders without a readable record are left out. */
  list(): Promise<readonly RunRecord[]>;
  /** By id or by a beginning of it that fits one run only; `latest` is the newest. */
  find(id: string): Promise<RunRecord>;
}

export interface CleanedThing {
  readonly what: string;
  readonly path: string | undefined;
  readonly freedBytes: number;
}

export interface Cleaning {
  /** Clears away what processes left that died in the middle of a run. `say` gets a line for each thing. */
  reap(say: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** Takes away (or with `dryRun` only names) leftovers of dead runs; with `all`, finished runs and caches too. */
  clean(options: { all: boolean; dryRun: boolean }, signal: AbortSignal): Promise<readonly CleanedThing[]>;
  /**
   * Removes one run that is over, with its log and its kept machine.
   * @returns the bytes freed.
   */
  removeRun(runId: string, signal: AbortSignal): Promise<number>;
}

// ---- cache ----------------------------------------------------------------------------------

export interface CacheEntry {
  readonly key: string;
  /** Of the checkpoint that it lies on. */
  readonly parentKey: string | undefined;
  readonly kind: 'boot' | 'step' | 'image' | 'verdict';
  readonly title: string;
  readonly templateName: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  /** The work that need not be done again. */
  readonly tookMs: number;
  /** On disk, without what it lies on. */
  readonly sizeBytes: number;
}

export interface EvictedCacheEntry {
  readonly key: string;
  /** undefined when it was too damaged to tell. */
  readonly title: string | undefined;
  readonly templateName: string | undefined;
  readonly sizeBytes: number;
  readonly reason: 'asked' | 'damaged' | 'space' | 'age';
}

export interface CachePruneRequest {
  readonly all: boolean;
  /** undefined = the limit that holds for builds too. */
  readonly maxSizeBytes: number | undefined;
  readonly maxIdleMs: number | undefined;
}

export interface Cache {
  /** Oldest first, with the bytes that all of them may take. */
  list(): Promise<{ readonly entries: readonly CacheEntry[]; readonly limitBytes: number }>;
  /** What a build of the template would use now, and why not more. A source image that is not here yet is made. */
  why(request: CacheWhyRequest, sink: BuildEventSink, signal: AbortSignal): Promise<CacheWhy>;
  /** @returns what was removed, in that order. */
  prune(request: CachePruneRequest, signal: AbortSignal): Promise<readonly EvictedCacheEntry[]>;
}

export interface CacheWhyRequest extends Omit<CheckpointRequest, 'done'> {
  readonly reuse: ReusePolicy;
}

export interface CacheWhy {
  /** Title of the checkpoint that the build would start from; undefined: from the source image. */
  readonly startsFrom: string | undefined;
  /** When that was made, ISO 8601. */
  readonly startsFromAt: string | undefined;
  readonly customizers: readonly {
    readonly name: string;
    /** Why it would run; undefined: its result would be used. */
    readonly runs: string | undefined;
    /** When the result was made, ISO 8601. */
    readonly keptAt: string | undefined;
  }[];
}

// ---- demo -----------------------------------------------------------------------------------

export interface DemoPorts {
  /** The template that the demo builds. */
  readonly templatePath: string;
}

// ---- service --------------------------------------------------------------------------------

export interface ServiceRequest {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absolute path; undefined: in the home of Goldsmith. */
  readonly dataFolder: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly blobsUrl: string | undefined;
  readonly simulate: boolean;
  readonly location: string | undefined;
}

export interface RunningService extends AsyncDisposable {
  readonly url: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly clientId: string;
  /** PEM: what clients must trust. */
  readonly authorityFile: string;
  readonly dataFolder: string;
}

export interface ServiceEnvironment {
  readonly url: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authorityFile: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
  /** Variables and commands as lines of a shell. */
  readonly lines: readonly string[];
  /** Whether the service is there now. */
  readonly isAnswering: boolean;
  readonly hasAzureCli: boolean;
}

export interface Service {
  /** Answers when this resolves, until it is disposed of. */
  start(request: ServiceRequest): Promise<RunningService>;
  /** How clients of this machine reach the service of a data folder. */
  environment(dataFolder: string | undefined, signal: AbortSignal): Promise<ServiceEnvironment>;
}

export interface WorkerRequest {
  readonly databaseUrl: string;
  readonly blobsUrl: string;
  readonly simulate: boolean;
}

export interface Workers {
  /** Takes runs when this resolves, and gives back what it has not done when it is disposed of. */
  start(request: WorkerRequest): Promise<AsyncDisposable>;
}
