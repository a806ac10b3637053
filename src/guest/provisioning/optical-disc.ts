/** Small read-only discs for a guest, made by genisoimage. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asBuildUser, giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';

export interface OpticalDisc {
  /** File name of the disc inside `workDir`, without extension. */
  readonly name: string;
  readonly label: string;
  /** `udf` as on Azure's provisioning DVD, or plain `iso9660` with Joliet and Rock Ridge names. */
  readonly form: 'udf' | 'iso9660';
  /** Text by file name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Writes the disc and gives its path. `workDir` must belong to the build user; the content is readable
 * by that user only.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`.
 */
export async function makeOpticalDisc(
  disc: OpticalDisc,
  options: { readonly user: BuildUser; readonly workDir: string; readonly signal: AbortSignal },
): Promise<string> {
  const { user, workDir, signal } = options;
  const content = join(workDir, `${disc.name}.d`);
  const path = join(workDir, `${disc.name}.iso`);
  mkdirSync(content, { mode: 0o700 });
  try {
    giveToBuildUser(user, content);
    for (const [name, text] of Object.entries(disc.files)) {
      writeFileSync(join(content, name), text, { mode: 0o600 });
      giveToBuildUser(user, join(content, name));
    }
    const form = disc.form === 'udf' ? ['-udf', '-R'] : ['-J', '-R'];
    await runCommand(
      asBuildUser(user, ['genisoimage', '-quiet', ...form, '-V', disc.label, '-o', path, content]),
      { signal },
    );
    chmodSync(path, 0o400);
    return path;
  } finally {
    rmSync(content, { recursive: true, force: true });
  }
}
