/** What this machine knows about a template's source without making or fetching anything. */
import type { Home } from '../host/home.ts';
import { entriesOf, loadCatalogue } from '../images/catalogue/catalogue.ts';
import { parseImageResourceId } from '../images/resource-ids.ts';
import { findImage } from '../images/store/find-images.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { OsType, PlatformImageSource, Source } from '../model/image-template.ts';

export type SourceLookup =
  | { readonly state: 'known'; readonly osType: OsType }
  | { readonly state: 'missing'; readonly hint: string }
  /** There is no home folder to look into, for example on a read-only disk. */
  | { readonly state: 'unknown' };

/** @throws GoldsmithError `BadUsage` when the user's catalogue file is not valid. */
export function lookUpSource(source: Source, home: () => Home): SourceLookup {
  let place: Home;
  try {
    place = home();
  } catch {
    return { state: 'unknown' };
  }
  if (source.type === 'PlatformImage') return lookUpPlatformImage(source, place);
  return lookUpStored(source.type === 'ManagedImage' ? source.imageId : source.imageVersionId, place);
}

function lookUpPlatformImage(source: PlatformImageSource, home: Home): SourceLookup {
  using store = openImageStore(home);
  const known = [...entriesOf(loadCatalogue(home), source), ...store.platformVersions(source)];
  const [first] = known;
  if (first !== undefined) return { state: 'known', osType: first.osType };
  return { state: 'missing', hint: 'Add it to the catalogue (docs/reference/catalogue.md).' };
}

function lookUpStored(text: string, home: Home): SourceLookup {
  const hint = 'Build it or import it first: `./goldsmith images import --help`.';
  const id = parseImageResourceId(text);
  if (id === undefined) return { state: 'missing', hint };
  using store = openImageStore(home);
  try {
    return { state: 'known', osType: findImage(store.list(), { kind: 'id', id }).osType };
  } catch (error) {
    if (isGoldsmithError(error, 'SourceNotFound')) return { state: 'missing', hint };
    throw error;
  }
}
