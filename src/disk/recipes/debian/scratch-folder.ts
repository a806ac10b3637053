/** A work folder that goes away whatever lies in it, files of subordinate uids included. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
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

/** Clean-up has no abort signal: it must run after an abort too, and it ends by itself. */
async function removeTree(path: string, user: BuildUser): Promise<void> {
  // An interrupted mmdebstrap leaves a system in its own mapping below a folder of the build user: what is
  // inside is removed with that mapping, the folder itself with ours.
  const bootstrap = join(path, BOOTSTRAP_FOLDER);
  if (existsSync(bootstrap) && readdirSync(bootstrap).length > 0) {
    await runCommand(inMmdebstrapNamespace(user, ['find', bootstrap, '-mindepth', '2', '-delete']));
  }
  const tree = join(path, TREE_FOLDER);
  if (existsSync(tree))
    await runCommand(inUserNamespace(user, ['rm', '-rf', '--', tree]), { okExitCodes: [0, 1] });
  rmSync(path, { recursive: true, force: true });
}
