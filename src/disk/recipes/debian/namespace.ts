/** Programs that must own files as root without being root: the build user's private user namespace. */
import { asBuildUser, type BuildUser } from '../../../host/build-user.ts';

/**
 * Wraps an argument array so that it runs as root of a new user namespace, in which the build user is uid 0
 * and the range from /etc/subuid stands for everybody else.
 */
export function inUserNamespace(user: BuildUser, argv: readonly string[]): readonly string[] {
  return asBuildUser(user, ['unshare', '--map-root-user', '--map-auto', '--', ...argv]);
}

/** The same with mmdebstrap's mapping, in which root is the first subordinate uid: for files that it left behind. */
export function inMmdebstrapNamespace(user: BuildUser, argv: readonly string[]): readonly string[] {
  return asBuildUser(user, ['mmdebstrap', '--unshare-helper', ...argv]);
}
