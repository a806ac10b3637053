/** What every distribution target gets, and what it gives back. */
import type { ImageStore } from '../images/store/image-store.ts';
import type { ImageOrigin } from '../images/store/records.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Artifact } from '../model/run.ts';

export interface DistributionContext {
  readonly store: ImageStore;
  /** Where files go that have no other place; exists. */
  readonly outputFolder: string;
  /** Location of the template: the region of what is made without another. */
  readonly location: string;
  /** Recorded with everything published. */
  readonly templateName: string;
  readonly runId: string;
  /** The source as the template names it, and the exact version it meant on this run. */
  readonly source: string;
  readonly sourceVersion: string | undefined;
  /** Milliseconds since 1970; goes into VHD footers. */
  readonly createdAtMs: number;
  readonly signal: AbortSignal;
  /** Bytes of the virtual disk written so far; only for formats that take long. */
  readonly onProgress?: (runOutputName: string, doneBytes: number, totalBytes: number) => void;
}

export interface TargetInput<T> extends DistributionContext {
  readonly target: T;
  /** The one result of the build. Raw, final; several targets read it. */
  readonly disk: ImageFacts;
  /** True for the last user: it may take the file instead of copying it. */
  readonly mayMove: boolean;
  /**
   * Reserves an output file for one target of this run.
   * @throws GoldsmithError `Conflict` when another target writes there.
   */
  readonly claimFile: (path: string) => void;
}

export interface TargetOutput {
  readonly artifact: Artifact;
  readonly warnings: readonly string[];
}

/** Where a published image says it comes from. */
export function originOf(
  context: Pick<DistributionContext, 'templateName' | 'runId' | 'source' | 'sourceVersion'>,
  runOutputName: string,
): ImageOrigin {
  const { templateName, runId, source, sourceVersion } = context;
  return {
    templateName,
    runId,
    runOutputName,
    source,
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
  };
}

/** The artifact of a target whose result is an image in the store. `facts` are those of its content there. */
export function imageArtifact(
  kind: 'ManagedImage' | 'SharedImage',
  artifactId: string,
  facts: ImageFacts,
  target: Pick<Artifact, 'runOutputName'> & { readonly artifactTags: Artifact['tags'] },
): Artifact {
  const { path, virtualSizeBytes, allocatedSizeBytes, digest } = facts;
  return {
    runOutputName: target.runOutputName,
    kind,
    artifactId,
    format: 'raw',
    ...{ path, virtualSizeBytes, allocatedSizeBytes, digest },
    tags: target.artifactTags,
  };
}
