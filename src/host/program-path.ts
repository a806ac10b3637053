/** Finds programs the way a shell would, plus the system folders that an ordinary user's PATH leaves out. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Absolute path of an executable file called `name`, or undefined when there is none. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  for (const folder of [...path.split(':').filter((part) => part.startsWith('/')), ...SYSTEM_FOLDERS]) {
    const candidate = join(folder, name);
    if (isExecutableFile(candidate)) return candidate;
  }
  return undefined;
}

/** Changes when the file behind `path` is replaced or rewritten. */
export function fileIdentity(path: string): string {
  const real = realpathSync(path);
  const { dev, ino, size, mtimeMs } = statSync(real);
  return `${real}:${dev}:${ino}:${size}:${mtimeMs}`;
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
