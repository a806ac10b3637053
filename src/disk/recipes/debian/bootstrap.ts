/**
 * Installs Debian into a tar archive with mmdebstrap, without privileges. Takes about a minute and some
 * 200 MB from the mirror.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asBuildUser, giveToBuildUser, type BuildUser } from '../../../host/build-user.ts';
import { runCommand } from '../../../host/command.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import { formatOneLineSources, type AptSource } from './apt-sources.ts';
import { filesAfterInstall, filesBeforeInstall } from './guest-files.ts';
import { FACTS_PATH, guestScript, SCRIPT_PATH } from './guest-script.ts';
import { guestPackages, type DebianRelease } from './release.ts';
import { BOOTSTRAP_FOLDER, endProcessesNaming } from './scratch-folder.ts';
import { encodeTar } from './tar-archive.ts';

export interface BootstrapRequest {
  readonly release: DebianRelease;
  readonly sources: readonly AptSource[];
  /** `Acquire::…` options for this run only; the guest does not get them. */
  readonly aptOptions: readonly string[];
  /** Seconds since 1970; later file times are set back to it. */
  readonly epoch: number;
  /** Folder of the build user; gets `root.tar` and holds the unfinished tree in `bootstrap/`. */
  readonly folder: string;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
  /** Progress of the installer, line by line. */
  readonly onLine: (line: string) => void;
}

export interface TreeFacts {
  /** Content of /etc/debian_version, for example `12.13` or `13.2`. */
  readonly debianVersion: string;
  /** Newest date of the package indexes, seconds since 1970. */
  readonly releaseDate: number;
  /** Installed packages and their versions. */
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * Makes `<folder>/root.tar`.
 * @throws GoldsmithError `CommandFailed` with the installer's last words, `Cancelled`.
 */
export async function bootstrapTree(request: BootstrapRequest): Promise<{ tar: string; facts: TreeFacts }> {
  const { folder, user, epoch } = request;
  const tar = join(folder, 'root.tar');
  const before = join(folder, 'before.tar');
  const after = join(folder, 'after.tar');
  const facts = join(folder, 'facts');
  const temporary = join(folder, BOOTSTRAP_FOLDER);
  mkdirSync(temporary, { mode: 0o755 });
  giveToBuildUser(user, temporary);
  writeFileSync(before, encodeTar(filesBeforeInstall, epoch));
  const script = { path: SCRIPT_PATH, content: guestScript };
  writeFileSync(after, encodeTar([...filesAfterInstall(request.sources), script], epoch));

  const argv = [
    'mmdebstrap',
    '--mode=unshare',
    '--variant=minbase',
    '--format=tar',
    '--architectures=amd64',
    `--include=${guestPackages.join(',')}`,
    ...request.aptOptions.map((option) => `--aptopt=${option}`),
    `--essential-hook=tar-in ${quote(before)} /`,
    `--customize-hook=tar-in ${quote(after)} /`,
    `--customize-hook=chroot "$1" sh ${SCRIPT_PATH}`,
    `--customize-hook=download ${FACTS_PATH} ${quote(facts)}`,
    `--customize-hook=rm "$1"${FACTS_PATH} "$1"${SCRIPT_PATH}`,
    request.release,
    tar,
    ...request.sources.flatMap(formatOneLineSources),
  ];
  const stop = (): void => endProcessesNaming(folder);
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    await runCommand(asBuildUser(user, argv), {
      signal: request.signal,
      cwd: folder,
      env: { TMPDIR: temporary, SOURCE_DATE_EPOCH: String(epoch), HOME: folder },
      onOutput: splitLines(request.onLine),
    });
  } finally {
    request.signal.removeEventListener('abort', stop);
  }
  return { tar, facts: parseFacts(readFileSync(facts, 'utf8')) };
}

/** Reads what the script in the guest noted. */
export function parseFacts(text: string): TreeFacts {
  const [head = '', list = ''] = text.split('\n\n');
  const notes = head.split('\n').map((line) => line.split(' '));
  const debianVersion = notes.find(([name]) => name === 'debian-version')?.[1] ?? '';
  const dates = notes.filter(([name]) => name === 'release-date').map(([, value]) => Number(value));
  const releaseDate = Math.max(0, ...dates);
  if (!/^\d+\.\d+$/.test(debianVersion) || !(releaseDate > 0)) {
    throw new GoldsmithError('Internal', 'The new Debian system did not say which version it is', {
      internal: head,
    });
  }
  const packages = list
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', version = '']) => [name, version] as const);
  return { debianVersion, releaseDate, packages: Object.fromEntries(packages) };
}

/** mmdebstrap splits its own hooks (tar-in, download) like a shell. */
function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

function splitLines(onLine: (line: string) => void): (stream: 'out' | 'err', chunk: Buffer) => void {
  const rest = { out: '', err: '' };
  return (stream, chunk) => {
    const parts = (rest[stream] + chunk.toString('utf8')).split(/[\r\n]+/);
    rest[stream] = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') onLine(line);
  };
}
