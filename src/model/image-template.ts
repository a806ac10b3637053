/**
 * The one domain model of an image template. Every api-version of
 * `Microsoft.VirtualMachineImages/imageTemplates` translates to this; the engine never sees a wire name.
 * Defaults are filled in: nothing here is "empty means default" except where said.
 */

export type OsType = 'Linux' | 'Windows';
/** Hyper-V generation as Azure names it: V1 boots by BIOS, V2 by UEFI. */
export type Generation = 'V1' | 'V2';

export interface ImageTemplate {
  /** Resource name; undefined when the input was a bare body without one. */
  readonly name: string | undefined;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly identity: TemplateIdentity;
  readonly source: Source;
  readonly customize: readonly Customizer[];
  readonly optimize: Optimize;
  readonly validate: Validation | undefined;
  readonly distribute: readonly Target[];
  readonly errorHandling: ErrorHandling;
  /** Whole-run limit in milliseconds (wire: minutes, 0 = 240 minutes). */
  readonly buildTimeoutMs: number;
  readonly vmProfile: VmProfile;
  readonly additionalDataDisks: readonly DataDisk[];
  /** ARM id of the wanted staging resource group; undefined = made by the service. */
  readonly stagingResourceGroup: string | undefined;
  readonly autoRun: boolean;
  readonly managedResourceTags: Readonly<Record<string, string>>;
}

export interface TemplateIdentity {
  readonly type: 'UserAssigned' | 'None';
  /** ARM ids of user-assigned identities. */
  readonly userAssignedIdentities: readonly string[];
}

// ---- source ---------------------------------------------------------------------------------

export type Source = PlatformImageSource | ManagedImageSource | SharedImageVersionSource;

export interface PlatformImageSource {
  readonly type: 'PlatformImage';
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  /** A version or `latest`, resolved at build time. */
  readonly version: string;
  readonly planInfo: PlanInfo | undefined;
}

export interface PlanInfo {
  readonly planName: string;
  readonly planProduct: string;
  readonly planPublisher: string;
}

export interface ManagedImageSource {
  readonly type: 'ManagedImage';
  /** ARM id of `Microsoft.Compute/images/<name>`. */
  readonly imageId: string;
}

export interface SharedImageVersionSource {
  readonly type: 'SharedImageVersion';
  /** ARM id `…/galleries/<g>/images/<d>/versions/<v|latest>`. */
  readonly imageVersionId: string;
}

// ---- customize ------------------------------------------------------------------------------

export type Customizer =
  | ShellCustomizer
  | PowerShellCustomizer
  | WindowsRestartCustomizer
  | WindowsUpdateCustomizer
  | FileCustomizer;

/** Exactly one way to say what runs: lines that form one script, or a script somewhere else. */
export type ScriptSource =
  | { readonly from: 'inline'; readonly lines: readonly string[] }
  | { readonly from: 'uri'; readonly uri: string; readonly sha256: string | undefined };

export interface ShellCustomizer {
  readonly type: 'Shell';
  readonly name: string | undefined;
  readonly script: ScriptSource;
}

export interface PowerShellCustomizer {
  readonly type: 'PowerShell';
  readonly name: string | undefined;
  readonly script: ScriptSource;
  readonly runElevated: boolean;
  readonly runAsSystem: boolean;
  readonly validExitCodes: readonly number[];
}

export interface WindowsRestartCustomizer {
  readonly type: 'WindowsRestart';
  readonly name: string | undefined;
  readonly restartCommand: string;
  readonly restartCheckCommand: string | undefined;
  readonly restartTimeoutMs: number;
}

export interface WindowsUpdateCustomizer {
  readonly type: 'WindowsUpdate';
  readonly name: string | undefined;
  readonly searchCriteria: string;
  readonly filters: readonly string[];
  readonly updateLimit: number;
}

export interface FileCustomizer {
  readonly type: 'File';
  readonly name: string | undefined;
  readonly sourceUri: string;
  /** Lower-case hex; undefined = not checked. */
  readonly sha256: string | undefined;
  /** Absolute path in the guest, a file name and not a folder. */
  readonly destination: string;
}

// ---- validate, optimize, errors -------------------------------------------------------------

export interface Validation {
  readonly continueDistributeOnFailure: boolean;
  readonly sourceValidationOnly: boolean;
  readonly inVMValidations: readonly Validator[];
}

/** Validators have exactly the fields of the customizers of the same kind. */
export type Validator = ShellCustomizer | PowerShellCustomizer | FileCustomizer;

export interface Optimize {
  readonly vmBoot: boolean;
  readonly workload:
    | {
        readonly enabled: boolean;
        readonly scriptUri: string | undefined;
        readonly sha256: string | undefined;
      }
    | undefined;
}

export type OnError = 'cleanup' | 'abort';

export interface ErrorHandling {
  readonly onCustomizerError: OnError;
  readonly onValidationError: OnError;
}

// ---- build VM -------------------------------------------------------------------------------

export interface VmProfile {
  /** Azure size name; undefined = `Standard_D1_v2` (V1) or `Standard_D2ds_v4` (V2). */
  readonly vmSize: string | undefined;
  /** GiB; undefined = size of the source. May only grow. */
  readonly osDiskSizeGB: number | undefined;
  readonly userAssignedIdentities: readonly string[];
  readonly vnetConfig:
    | {
        readonly subnetId: string | undefined;
        readonly containerInstanceSubnetId: string | undefined;
        readonly proxyVmSize: string | undefined;
      }
    | undefined;
}

export interface DataDisk {
  readonly sizeGB: number;
}

// ---- distribute -----------------------------------------------------------------------------

export type Target = ManagedImageTarget | SharedImageTarget | VhdTarget;

interface TargetBase {
  /** Unique in the template. */
  readonly runOutputName: string;
  readonly artifactTags: Readonly<Record<string, string>>;
}

export interface ManagedImageTarget extends TargetBase {
  readonly type: 'ManagedImage';
  readonly imageId: string;
  readonly location: string;
}

export interface SharedImageTarget extends TargetBase {
  readonly type: 'SharedImage';
  /** ARM id of the image definition, without `/versions/…`. */
  readonly imageDefinitionId: string;
  /** Set when the wire id named a version. */
  readonly explicitVersion: string | undefined;
  readonly versioning: Versioning;
  readonly excludeFromLatest: boolean;
  /** From `targetRegions` or the deprecated `replicationRegions`; may be empty. */
  readonly targetRegions: readonly TargetRegion[];
  readonly replicationMode: 'Full' | 'Shallow';
}

export type Versioning =
  | {
      readonly scheme: 'Latest';
      /** undefined = the highest existing major. */ readonly major: number | undefined;
    }
  | { readonly scheme: 'Source' };

export interface TargetRegion {
  readonly name: string;
  readonly replicaCount: number;
  readonly storageAccountType: string;
}

export interface VhdTarget extends TargetBase {
  readonly type: 'VHD';
  /** undefined = the default place for VHD outputs. */
  readonly uri: string | undefined;
}
