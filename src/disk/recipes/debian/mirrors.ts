/**
 * Which mirrors a Debian base image is made from and will use: those of this machine when it is a Debian
 * machine, so that a local mirror, a proxy or a frozen snapshot is followed; else Debian's own.
 */
import { globSync, readFileSync } from 'node:fs';
import { runCommand } from '../../../host/command.ts';
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

/** Used when neither the environment nor this machine's APT names a Debian mirror. */
const DEFAULT_ARCHIVE = 'http://deb.debian.org/debian';
const DEFAULT_SECURITY = 'http://deb.debian.org/debian-security';

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
 * `GOLDSMITH_DEBIAN_SECURITY_MIRROR`, else this machine's, else Debian's own. The release is not looked at:
 * one mirror carries them all.
 */
export function chooseMirrors(
  host: HostApt,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Mirrors {
  const ages = !host.options.some((option) => /^Acquire::Check-Valid-Until "(false|no|0)"/i.test(option));
  const choose = (override: string | undefined, suite: RegExp, fallback: string): AptSource => {
    const found = host.sources.find(
      (source) => source.components.includes('main') && source.suites.some((name) => suite.test(name)),
    );
    const overridden = override !== undefined && override !== '';
    return {
      uri: (overridden ? override : (found?.uri ?? fallback)).replace(/\/+$/, ''),
      suites: [],
      components: ['main'],
      signedBy: (overridden ? undefined : found?.signedBy) ?? DEBIAN_KEYRING,
      checkValidUntil: ages && found?.checkValidUntil !== false,
    };
  };
  return {
    archive: choose(env['GOLDSMITH_DEBIAN_MIRROR'], DEBIAN_SUITE, DEFAULT_ARCHIVE),
    security: choose(env['GOLDSMITH_DEBIAN_SECURITY_MIRROR'], DEBIAN_SECURITY_SUITE, DEFAULT_SECURITY),
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
