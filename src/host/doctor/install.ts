/** Does what the doctor's report says is missing, and nothing else. Called only when a person asked for it. */
import { readFileSync } from 'node:fs';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import { BUILD_USER_NAME } from '../build-user.ts';
import { runCommand } from '../command.ts';
import { findProgram } from '../program-path.ts';
import { hostNeeds, SUBORDINATE_IDS } from './host-needs.ts';
import { missingPackages, type DoctorReport } from './report.ts';
import { freeRangeStart, hasEnoughIds, parseIdRanges } from './subordinate-ids.ts';

export interface InstallOptions {
  readonly signal: AbortSignal;
  /** Each line that the tools print, and one before each thing that is done. */
  readonly onLine?: (line: string) => void;
}

/** Seconds that apt waits for another package manager to finish. */
const LOCK_WAIT_SECONDS = 300;

/**
 * Installs the report's missing Debian packages and makes its missing users and id ranges, as root or through
 * sudo. Run the doctor again afterwards: some checks only make sense once the programs are there.
 * @throws GoldsmithError `HostNotReady` on other distributions or without root and sudo (the message lists what to
 *   do by hand), `CommandFailed` when a tool fails, `Cancelled`.
 */
export async function installMissing(report: DoctorReport, options: InstallOptions): Promise<void> {
  const packages = missingPackages(report);
  const newUser = report.items.some(({ remedy }) => remedy?.kind === 'build-user');
  const users = report.items.flatMap(({ remedy }) =>
    remedy?.kind === 'subordinate-ids' ? [remedy.user] : [],
  );
  if (packages.length === 0 && !newUser && users.length === 0) return;
  if (packages.length > 0 && !report.canInstall) throw cannotInstall(report);
  const become = becomeRoot();
  if (packages.length > 0) await installPackages(packages, become, options);
  if (newUser) await makeBuildUser(become, options);
  for (const user of newUser ? [...users, BUILD_USER_NAME] : users) {
    await giveSubordinateIds(user, become, options);
  }
}

/**
 * Installs Debian packages that the product itself does not need: the peers of tests and benchmarks.
 * @throws GoldsmithError as {@link installMissing} does.
 */
export async function installExtraPackages(
  packages: readonly string[],
  options: InstallOptions,
): Promise<void> {
  if (packages.length > 0) await installPackages(packages, becomeRoot(), options);
}

async function installPackages(
  packages: readonly string[],
  become: readonly string[],
  options: InstallOptions,
): Promise<void> {
  const apt = [
    ...[...become, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'],
    ...['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`, '-o', 'Acquire::Retries=3'],
    ...['-o', 'Dpkg::Use-Pty=0', '-y'],
  ];
  const install = [...apt, 'install', '--no-install-recommends', ...packages];
  try {
    await tell(install, `Installing ${packages.join(' ')}`, options);
  } catch (error) {
    // The package lists may be missing or name files that are gone; fresh ones decide.
    if (!isGoldsmithError(error, 'CommandFailed')) throw error;
    await tell([...apt, 'update'], 'Fetching the package lists', options);
    await tell(install, `Installing ${packages.join(' ')}`, options);
  }
}

async function makeBuildUser(become: readonly string[], options: InstallOptions): Promise<void> {
  const useradd = ['useradd', '--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  await tell(
    [...become, ...useradd, '--shell', '/usr/sbin/nologin', BUILD_USER_NAME],
    `Creating the system user ${BUILD_USER_NAME}`,
    options,
  );
}

async function giveSubordinateIds(
  user: string,
  become: readonly string[],
  options: InstallOptions,
): Promise<void> {
  for (const [file, flag] of [
    ['/etc/subuid', '--add-subuids'],
    ['/etc/subgid', '--add-subgids'],
  ] as const) {
    const ranges = parseIdRanges(readTextIfExists(file));
    if (hasEnoughIds(ranges, [user])) continue;
    const first = freeRangeStart(ranges);
    const range = `${first}-${first + SUBORDINATE_IDS - 1}`;
    await tell(
      [...become, 'usermod', flag, range, user],
      `Giving ${user} the ids ${range} in ${file}`,
      options,
    );
  }
}

async function tell(argv: readonly string[], what: string, options: InstallOptions): Promise<void> {
  options.onLine?.(`${what}...`);
  let rest = '';
  await runCommand(argv, {
    signal: options.signal,
    usesTerminal: argv[0] === 'sudo',
    onOutput: (_stream, chunk) => {
      const lines = (rest + chunk.toString('utf8')).split(/[\r\n]+/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') options.onLine?.(`  ${line}`);
    },
  });
  if (rest !== '') options.onLine?.(`  ${rest}`);
}

/** Words in front of a command that needs root. Sudo may ask for a password on the terminal, never elsewhere. */
function becomeRoot(): readonly string[] {
  if (process.getuid?.() === 0) return [];
  if (findProgram('sudo') === undefined) {
    throw new GoldsmithError('HostNotReady', 'Installing needs root, and sudo is not installed', {
      hint: 'Run `./goldsmith doctor --install` as root once.',
    });
  }
  return process.stdin.isTTY ? ['sudo', '--'] : ['sudo', '--non-interactive', '--'];
}

function cannotInstall(report: DoctorReport): GoldsmithError {
  const packages = missingPackages(report);
  const wanted = hostNeeds
    .filter((need) => packages.includes(need.package))
    .map((need) => [...need.programs, ...(need.anyFile ?? []).slice(0, 1)].join(', '));
  return new GoldsmithError(
    'HostNotReady',
    `Goldsmith installs packages only on Debian and Ubuntu, and this is ${report.system}`,
    { hint: `Install what provides: ${wanted.join('; ')}.` },
  );
}

function readTextIfExists(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
