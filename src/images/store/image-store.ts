/**
 * The images of this machine, as files. Several processes may use one store at the same time; nothing is
 * locked, every name appears or changes in one file system operation.
 */
import type { Home } from '../../host/home.ts';
import type { ImageFacts } from '../../model/image.ts';
import { parseImageRef, type Urn } from '../image-ref.ts';
import type { GalleryVersionId, ImageDefinitionId } from '../resource-ids.ts';
import { addContent, openContent, verifyContent, type AddOptions } from './content.ts';
import { defineImage, type ImageDefinitionRequest } from './define-image.ts';
import { findImage } from './find-images.ts';
import { collectGarbage, type GarbageReport } from './garbage.ts';
import { digestHex, layoutOf, type StoreLayout } from './layout.ts';
import {
  publishGalleryVersion,
  readGalleryVersions,
  type GalleryVersionRequest,
} from './publish-gallery-version.ts';
import { publishManagedImage, type ManagedImageRequest } from './publish-managed-image.ts';
import {
  publishPlatformImage,
  readPlatformImages,
  type PlatformImageRequest,
} from './publish-platform-image.ts';
import {
  galleryVersionRecord,
  imageDefinitionRecord,
  managedImageRecord,
  platformImageRecord,
  type GalleryVersionRecord,
  type ImageDefinitionRecord,
  type ImageRecord,
  type ManagedImageRecord,
  type PlatformImageRecord,
} from './records.ts';
import { readRecords } from './record-files.ts';
import { removeImage } from './remove-image.ts';
import { Session } from './session.ts';
import { updateGalleryVersion, type GalleryVersionChange } from './update-gallery-version.ts';

/** Opens the store of `home`; `now` (milliseconds since 1970) dates what is published. */
export function openImageStore(home: Pick<Home, 'images'>, now: () => number = Date.now): ImageStore {
  return new ImageStore(layoutOf(home.images), now);
}

/** What this store added or opened stays on disk until it is disposed (or its process ends). */
export class ImageStore implements Disposable {
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #now: () => number;

  constructor(layout: StoreLayout, now: () => number) {
    this.#layout = layout;
    this.#session = new Session(layout.sessions);
    this.#now = now;
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  /** A fresh path on the store's file system for work files; gone with the store object. */
  stagingPath(): string {
    return this.#session.stagingPath();
  }

  /** Brings bytes in; see {@link addContent}. Publish them under a name before this object is disposed. */
  async addContent(facts: ImageFacts, options: AddOptions): Promise<ImageFacts> {
    return addContent(this.#layout, this.#session, facts, options);
  }

  /** See {@link publishManagedImage}; `facts` come from `addContent` or `open` of this object. */
  publishManagedImage(facts: ImageFacts, request: ManagedImageRequest): ManagedImageRecord {
    return publishManagedImage(this.#layout, this.#session, facts, request, this.#timestamp());
  }

  /** See {@link publishGalleryVersion}. */
  publishGalleryVersion(facts: ImageFacts, request: GalleryVersionRequest): GalleryVersionRecord {
    return publishGalleryVersion(this.#layout, this.#session, facts, request, this.#timestamp());
  }

  /** See {@link defineImage}. */
  defineImage(request: ImageDefinitionRequest): ImageDefinitionRecord {
    return defineImage(this.#layout, this.#session, request, this.#timestamp());
  }

  /** See {@link updateGalleryVersion}. */
  updateGalleryVersion(id: GalleryVersionId, change: GalleryVersionChange): GalleryVersionRecord | undefined {
    return updateGalleryVersion(this.#layout, this.#session, id, change);
  }

  /** See {@link publishPlatformImage}. */
  publishPlatformImage(facts: ImageFacts, request: PlatformImageRequest): PlatformImageRecord {
    return publishPlatformImage(this.#layout, this.#session, facts, request, this.#timestamp());
  }

  /** Every named image. */
  list(): readonly ImageRecord[] {
    const { managed, galleries, platform } = this.#layout;
    return [
      ...readRecords(platformImageRecord, platform, 3),
      ...readRecords(managedImageRecord, managed, 2),
      // subscription, group, gallery and definition, then the folder `versions`
      ...readRecords(galleryVersionRecord, galleries, 5),
    ];
  }

  listDefinitions(): readonly ImageDefinitionRecord[] {
    return readRecords(imageDefinitionRecord, this.#layout.galleries, 4);
  }

  /** Versions of one platform image on this machine. */
  platformVersions(urn: Omit<Urn, 'version'>): readonly PlatformImageRecord[] {
    return readPlatformImages(this.#layout, urn);
  }

  galleryVersions(id: ImageDefinitionId): readonly GalleryVersionRecord[] {
    return readGalleryVersions(this.#layout, id);
  }

  /**
   * The image that a person means by `ref` (see {@link parseImageRef}).
   * @throws GoldsmithError `SourceNotFound`, `BadUsage`.
   */
  find(ref: string): ImageRecord {
    return findImage(this.list(), parseImageRef(ref));
  }

  /** The bytes of a named image; see {@link openContent}. */
  async open(image: ImageRecord): Promise<ImageFacts> {
    return openContent(this.#layout, this.#session, image);
  }

  /**
   * Reads an image's bytes and compares them with its digest.
   * @throws GoldsmithError `ChecksumMismatch`, `SourceInvalid`, `Cancelled`.
   */
  async verify(image: ImageRecord, signal: AbortSignal): Promise<void> {
    await verifyContent(await this.open(image), signal);
  }

  /** Takes a name away; see {@link removeImage}. Bytes go with the next garbage collection. */
  remove(ref: string): string {
    return removeImage(this.#layout, this.list(), this.listDefinitions(), parseImageRef(ref));
  }

  /** Deletes bytes that no name points to and nobody uses; see {@link collectGarbage}. */
  collectGarbage(): GarbageReport {
    return collectGarbage(
      this.#layout,
      this.#session,
      () => new Set(this.list().map((image) => digestHex(image.digest))),
    );
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString();
  }
}
