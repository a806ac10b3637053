/** What the build engine published, as ARM resources: the port between runs and the compute provider. */
import type { PrincipalType, ResourceRecord } from '../../store/records.ts';

export interface PublishedImage {
  /** `artifactId` of the run's artifact: the ARM id of a managed image or of a gallery version. */
  readonly artifactId: string;
  /** ARM id of the virtual machine or template it came from; shown as the source of a managed image. */
  readonly sourceId: string | undefined;
  readonly createdBy: string;
  readonly createdByType: PrincipalType;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Writes the resource of an image that is in the image store already; again after a restart is harmless.
 * @throws GoldsmithError `DistributeFailed` when there is no such image in the store, or its gallery or image
 * definition is no resource (any more).
 */
export type RegisterPublishedImage = (published: PublishedImage) => Promise<ResourceRecord>;
