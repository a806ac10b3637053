/** Images at rest: what a source resolves to and what a target publishes. */
import type { Generation, OsType } from './image-template.ts';

/** How a first boot is fed: Azure's DVD, metadata service and WireServer, or a NoCloud seed disc. */
export type Provisioning = 'azure' | 'nocloud';

/** A disk image whose bytes are final. `path` is a raw file that nobody writes to any more. */
export interface ImageFacts {
  readonly path: string;
  readonly virtualSizeBytes: number;
  readonly allocatedSizeBytes: number;
  /** Extent-aware digest, `gs1-sha256:<hex>`. */
  readonly digest: string;
  readonly generation: Generation;
  readonly osType: OsType;
  readonly architecture: 'x64' | 'Arm64';
  readonly provisioning: Provisioning;
}
