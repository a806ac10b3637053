/** What people type to name an image on a command line. */
import { GoldsmithError } from '../model/errors.ts';
import { parseImageResourceId, type ImageResourceId } from './resource-ids.ts';

export interface Urn {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  /** A version or `latest`. */
  readonly version: string;
}

export type ImageRef =
  | { readonly kind: 'urn'; readonly urn: Urn }
  | { readonly kind: 'id'; readonly id: ImageResourceId }
  | {
      readonly kind: 'gallery';
      readonly gallery: string;
      readonly definition: string;
      /** undefined = the definition itself; where one version is needed, the latest. */
      readonly version: string | undefined;
    }
  /** A managed image's short name, or the first digits of a digest. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'digest'; readonly prefix: string };

/** Shortest piece of a digest that is taken for one. */
const MIN_DIGEST_DIGITS = 6;

/**
 * `Publisher:Offer:Sku[:Version]`, an ARM id, `gallery/definition[/version]`, a managed image's name, or
 * (the start of) a digest. A URN without a version means `latest`.
 * @throws GoldsmithError `BadUsage` for anything else.
 */
export function parseImageRef(text: string): ImageRef {
  if (text.startsWith('/')) {
    const id = parseImageResourceId(text);
    if (id !== undefined) return { kind: 'id', id };
    throw notARef(text);
  }
  const digest = /^gs1-sha256:([0-9a-f]+)$/i.exec(text)?.[1];
  if (digest !== undefined) return { kind: 'digest', prefix: digest.toLowerCase() };
  if (text.includes(':')) {
    const urn = parseUrn(text);
    if (urn !== undefined) return { kind: 'urn', urn };
    throw notARef(text);
  }
  const [first = '', definition, version, ...rest] = text.split('/');
  if (rest.length > 0 || first === '' || definition === '' || version === '') throw notARef(text);
  if (definition !== undefined) return { kind: 'gallery', gallery: first, definition, version };
  return { kind: 'name', name: first };
}

/** Parses `Publisher:Offer:Sku[:Version]`; undefined when it has another shape. */
export function parseUrn(text: string): Urn | undefined {
  const [publisher, offer, sku, version = 'latest', ...rest] = text.split(':');
  if (!publisher || !offer || !sku || !version || rest.length > 0) return undefined;
  return { publisher, offer, sku, version };
}

export function formatUrn(urn: Urn): string {
  return `${urn.publisher}:${urn.offer}:${urn.sku}:${urn.version}`;
}

/** True when `name` may also be the start of a digest. */
export function looksLikeDigest(name: string): boolean {
  return name.length >= MIN_DIGEST_DIGITS && /^[0-9a-f]+$/i.test(name);
}

function notARef(text: string): GoldsmithError {
  return new GoldsmithError('BadUsage', `"${text}" does not name an image`, {
    hint: 'Use Publisher:Offer:Sku[:Version], an ARM id, gallery/definition[/version], an image name or a digest.',
  });
}
