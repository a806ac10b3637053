/** Three-part image versions, `Major(int).Minor(int).Patch(int)`, and how new ones are chosen. */
import { GoldsmithError } from '../model/errors.ts';
import type { Versioning } from '../model/image-template.ts';

export type ImageVersion = readonly [major: number, minor: number, patch: number];

const MAX_INT32 = 2 ** 31 - 1;

/** Parses `x.y.z` of 32-bit numbers; undefined for anything else. Leading zeros are accepted. */
export function parseVersion(text: string): ImageVersion | undefined {
  const [, major, minor, patch] = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/.exec(text) ?? [];
  if (major === undefined) return undefined;
  const version: ImageVersion = [Number(major), Number(minor), Number(patch)];
  return version.every((part) => part <= MAX_INT32) ? version : undefined;
}

export function formatVersion(version: ImageVersion): string {
  return version.join('.');
}

/** Negative when `a` is older than `b`. */
export function compareVersions(a: ImageVersion, b: ImageVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** The newest by {@link compareVersions}; undefined for none. */
export function newestBy<T>(items: readonly T[], versionOf: (item: T) => ImageVersion): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) =>
      best === undefined || compareVersions(versionOf(item), versionOf(best)) > 0 ? item : best,
    undefined,
  );
}

/**
 * The version that a new gallery image gets (reference: versioning of a SharedImage target).
 * `Latest`: patch + 1 of the highest existing version, within `major` when one is given; a major without
 * versions starts at `<major>.0.1`. `Source`: see {@link versionFromSource}.
 * @throws GoldsmithError `DistributeFailed` when no such version exists.
 */
export function chooseVersion(
  versioning: Versioning,
  existing: readonly ImageVersion[],
  sourceVersion: string | undefined,
): ImageVersion {
  if (versioning.scheme === 'Source') return versionFromSource(sourceVersion);
  const { major } = versioning;
  const candidates = major === undefined ? existing : existing.filter((version) => version[0] === major);
  const highest = newestBy(candidates, (version) => version) ?? [major ?? 0, 0, 0];
  if (highest[2] >= MAX_INT32) {
    throw new GoldsmithError('DistributeFailed', `There is no patch version after ${formatVersion(highest)}`);
  }
  return [highest[0], highest[1], highest[2] + 1];
}

/**
 * Azure does not document how other shapes map; this product takes the first three runs of digits and
 * fills up with zeros: `22.04.202401010` → 22.4.202401010, `9.4` → 9.4.0, `1.2.3.4` → 1.2.3,
 * `2024-08-07` → 2024.8.7.
 */
function versionFromSource(source: string | undefined): ImageVersion {
  if (source === undefined) {
    throw new GoldsmithError('DistributeFailed', 'Versioning scheme "Source" needs a source with a version', {
      hint: 'Use a platform image or a gallery version as source, or the scheme "Latest".',
    });
  }
  const [major, minor = 0, patch = 0] = (source.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  if (major === undefined || Math.max(major, minor, patch) > MAX_INT32) {
    throw new GoldsmithError(
      'DistributeFailed',
      `The source version "${source}" cannot become a three-part version of 32-bit numbers`,
    );
  }
  return [major, minor, patch];
}
