/**
 * Which mirrors a Debian base image is made from and will use: those of this machine when it is a Debian
 * machine, so that a local mirror, a proxy or a frozen snapshot is followed; else those that the environment names.
 */
import { globSync, readFileSync } from 'node:fs';
import { runCommand } from '../../../host/command.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import { parseDeb822Sources, parseOneLineSources, type AptSource } from './apt-sources.ts';

export interface HostApt {
  /** Sources of this machine's APT, in the order APT reads them. */
  readonly sources: readonly AptSource[];
  /** `Acquire` options that describe how this machine reaches mirrors: proxies, certificates, age checks. */
  readonly options: readonly string[];
}

export interface Mirrors {
  readonly archive: AptSource;
  readonly security: AptSource;
}

/** Debian's keyring package puts it there on every Debian-like system, and inside every Debian guest. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const DEBIAN_SUITE = /^(buster|bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)$/;
const DEBIAN_SECURITY_SUITE = /^(bullseye|bookworm|trixie|forky|oldstable|stable|testing)-security$/;

/** Only what concerns reaching a mirror; the rest of this machine's APT settings are its own business. */
const CARRIED_OPTION =
  /^Acquire::(https?::\S+|Check-Valid-Until|Check-Date|Max-ValidTime|Retries|ForceIPv[46]) "[^"]+";$/;

/** Reads this machine's APT configuration. A machine without APT has none. */
export async function readHostApt(signal: AbortSignal): Promise<HostApt> {
  const lists = ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.list').sort()];
  const sources = [
    ...lists.flatMap((path) => parseOneLineSources(readIfExists(path))),
    ...globSync('/etc/apt/sources.list.d/*.sources')
      .sort()
      .flatMap((path) => parseDeb822Sources(readIfExists(path))),
  ];
  return { sources, options: await carriedOptions(signal) };
}

/**
 * Chooses the archive and the security mirror: `GOLDSMITH_DEBIAN_MIRROR` and
 * `GOLDSMITH_DEBIAN_SECURITY_MIRROR`, else this machine's. The release is not looked at: one mirror
 * carries them all.
 * @throws GoldsmithError `HostNotReady` when neither names a Debian mirror, as on an Ubuntu machine.
 */
export function chooseMirrors(
  host: HostApt,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Mirrors {
  const ages = !host.options.some((option) => /^Acquire::Check-Valid-Until "(false|no|0)"/i.test(option));
  const choose = (variable: string, suite: RegExp): AptSource => {
    const override = env[variable];
    const found = host.sources.find(
      (source) => source.components.includes('main') && source.suites.some((name) => suite.test(name)),
    );
    const overridden = override !== undefined && override !== '';
    const uri = overridden ? override : found?.uri;
    if (uri === undefined) {
      throw new GoldsmithError('HostNotReady', "This machine's APT configuration names no Debian mirror", {
        hint: `Set ${variable} to the address of one, or use an image that is downloaded or imported.`,
      });
    }
    return {
      uri: uri.replace(/\/+$/, ''),
      suites: [],
      components: ['main'],
      signedBy: (overridden ? undefined : found?.signedBy) ?? DEBIAN_KEYRING,
      checkValidUntil: ages && found?.checkValidUntil !== false,
    };
  };
  return {
    archive: choose('GOLDSMITH_DEBIAN_MIRROR', DEBIAN_SUITE),
    security: choose('GOLDSMITH_DEBIAN_SECURITY_MIRROR', DEBIAN_SECURITY_SUITE),
  };
}

async function carriedOptions(signal: AbortSignal): Promise<readonly string[]> {
  const dump = await runCommand(['apt-config', 'dump'], { signal, okExitCodes: [0, 127] });
  return dump.stdout.split('\n').filter((line) => CARRIED_OPTION.test(line));
}

function readIfExists(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
