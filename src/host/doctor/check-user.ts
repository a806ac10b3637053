/** Checks who builds run as, and whether that user can make the namespaces that base images need. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isGoldsmithError } from '../../model/errors.ts';
import { asBuildUser, BUILD_USER_NAME, currentBuildUser, type BuildUser } from '../build-user.ts';
import { runCommand } from '../command.ts';
import { findProgram } from '../program-path.ts';
import { SUBORDINATE_IDS } from './host-needs.ts';
import type { DoctorItem } from './report.ts';
import { hasEnoughIds, parseIdRanges } from './subordinate-ids.ts';

/** The build user, or the item that says it does not exist yet. */
export function checkBuildUser(): { readonly item: DoctorItem; readonly user: BuildUser | undefined } {
  const id = 'user.build';
  try {
    const user = currentBuildUser();
    const found = user.dropsPrivileges
      ? `${user.name} (uid ${user.uid}), because this is root`
      : `${accountName(user)} (uid ${user.uid})`;
    return { item: { id, title: 'Builds run as', state: 'ok', found }, user };
  } catch (error) {
    if (!isGoldsmithError(error, 'HostNotReady')) throw error;
    const found = `the system user ${BUILD_USER_NAME} does not exist`;
    const remedy = { kind: 'build-user' } as const;
    return { item: { id, title: 'Builds run as', state: 'missing', found, remedy }, user: undefined };
  }
}

/** Subordinate id ranges, and a namespace really made with them. */
export async function checkNamespaces(user: BuildUser, signal: AbortSignal): Promise<readonly DoctorItem[]> {
  const name = accountName(user);
  const lacking = ['/etc/subuid', '/etc/subgid'].filter(
    (file) => !hasEnoughIds(parseIdRanges(readText(file)), [name, String(user.uid)]),
  );
  const ids = { id: 'user.subordinate-ids', title: `Subordinate ids of ${name}` };
  if (lacking.length > 0) {
    const found = `no range of ${SUBORDINATE_IDS} in ${lacking.join(' and ')}`;
    return [{ ...ids, state: 'missing', found, remedy: { kind: 'subordinate-ids', user: name } }];
  }
  return [{ ...ids, state: 'ok', found: 'found' }, await tryNamespace(user, signal)];
}

async function tryNamespace(user: BuildUser, signal: AbortSignal): Promise<DoctorItem> {
  const item = { id: 'user.namespaces', title: 'User namespaces' };
  if (findProgram('unshare') === undefined || findProgram('newuidmap') === undefined) {
    return { ...item, state: 'missing', found: 'not tried: unshare or newuidmap is missing' };
  }
  try {
    // Where namespaces are forbidden, `--map-auto` leaves a helper process behind; a bare try does not.
    for (const flags of [['--user'], ['--map-root-user', '--map-auto']]) {
      await runCommand(asBuildUser(user, ['unshare', ...flags, 'true']), { signal, timeoutMs: 20_000 });
    }
    return { ...item, state: 'ok', found: 'one was made' };
  } catch (error) {
    if (signal.aborted) throw error;
    const found = error instanceof Error ? error.message : String(error);
    const text =
      'Allow unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), ' +
      'kernel.unprivileged_userns_clone=1 (older Debian), or run outside of a container that forbids them.';
    return { ...item, state: 'missing', found, remedy: { kind: 'manual', text } };
  }
}

/** The name of the account that the build user is. */
export function accountName(user: BuildUser): string {
  if (user.dropsPrivileges) return user.name;
  try {
    return userInfo().username;
  } catch {
    return String(user.uid); // no entry in the account database
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
