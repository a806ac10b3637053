/** A work folder that goes away whatever lies in it, files of subordinate uids included. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { giveToBuildUser, type BuildUser } from '../../../host/build-user.ts';
import { runCommand } from '../../../host/command.ts';
import { inMmdebstrapNamespace, inUserNamespace } from './namespace.ts';

/** Where mmdebstrap keeps its unfinished system, inside a scratch folder. */
export const BOOTSTRAP_FOLDER = 'bootstrap';

/** Where the tree is unpacked with the owners it will have in the image. */
export const TREE_FOLDER = 'tree';

export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder in `workDir` that the build user owns. Subordinate uids must be able to pass through `workDir`. */
export function makeScratchFolder(workDir: string, user: BuildUser): ScratchFolder {
  const path = join(workDir, `debian-${randomUUID()}`);
  mkdirSync(path, { mode: 0o755 });
  giveToBuildUser(user, path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await removeTree(path, user);
    },
  };
}

const anyExitCode = Array.from({ length: 256 }, (_, code) => code);

/** Clean-up has no abort signal: it must run after an abort too, and it ends by itself. */
async function removeTree(path: string, user: BuildUser): Promise<void> {
  const bootstrap = join(path, BOOTSTRAP_FOLDER);
  if (existsSync(bootstrap) && readdirSync(bootstrap).length > 0) {
    // An interrupted mmdebstrap leaves a system that only its own mapping can remove, beside files of the
    // build user that only we can; so each removes what it can, and what is left makes the last line fail.
    const argv = ['find', bootstrap, '-mindepth', '2', '-delete'];
    await runCommand(inMmdebstrapNamespace(user, argv), { okExitCodes: anyExitCode });
  }
  const tree = join(path, TREE_FOLDER);
  if (existsSync(tree))
    await runCommand(inUserNamespace(user, ['rm', '-rf', '--', tree]), { okExitCodes: anyExitCode });
  rmSync(path, { recursive: true, force: true });
}

/**
 * Ends every process whose arguments name `folder`, whose name must be unique. mmdebstrap does not pass a
 * signal on to what it started in its namespaces, so without this an aborted install goes on for a minute.
 * A user may end processes of a user namespace that they own.
 */
export function endProcessesNaming(folder: string): void {
  for (const pid of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      if (readFileSync(join('/proc', pid, 'cmdline'), 'utf8').includes(folder))
        process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended in the meantime.
    }
  }
}
