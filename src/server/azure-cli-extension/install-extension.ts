/**
 * Puts an extension of Goldsmith's into the configuration folder that `az` is pointed to (az, "extensions": a folder
 * with a Python package and the metadata of a wheel). What it repairs is told in `azext_goldsmith.py`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../host/atomic-file.ts';

const module = readFileSync(join(import.meta.dirname, 'azext_goldsmith.py'), 'utf8');

const files: Readonly<Record<string, string>> = {
  'azext_goldsmith/azext_metadata.json': `${JSON.stringify({ 'azext.minCliCoreVersion': '2.45.0' })}\n`,
  'goldsmith-1.0.0.dist-info/METADATA': [
    'Metadata-Version: 2.1',
    'Name: goldsmith',
    'Version: 1.0.0',
    'Summary: Lets the az of Debian 12 do what it lacks libraries for',
    '',
  ].join('\n'),
  'azext_goldsmith/__init__.py': module,
};

/** Doing it again changes nothing. `configFolder`: the `AZURE_CONFIG_DIR`. */
export function installAzExtension(configFolder: string): void {
  const folder = join(configFolder, 'cliextensions', 'goldsmith');
  const changed = Object.entries(files).filter(
    ([name, content]) =>
      !existsSync(join(folder, name)) || readFileSync(join(folder, name), 'utf8') !== content,
  );
  for (const [name, content] of changed) {
    mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    writeFileAtomic(join(folder, name), content);
  }
  // az remembers which extension has which command.
  if (changed.length > 0) rmSync(join(configFolder, 'commandIndex.json'), { force: true });
}
