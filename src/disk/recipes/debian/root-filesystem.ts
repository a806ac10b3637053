/** Turns the archived tree into an ext4 file system inside the disk file, without mounting anything. */
import { writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { giveToBuildUser, type BuildUser } from '../../../host/build-user.ts';
import { runCommand } from '../../../host/command.ts';
import { KIB } from '../../../model/sizes.ts';
import { rootBytes, ROOT_OFFSET, type DiskIds } from './disk-layout.ts';
import { inUserNamespace } from './namespace.ts';
import { TREE_FOLDER } from './scratch-folder.ts';
import { encodeTar, type ArchiveFile } from './tar-archive.ts';

export interface RootFilesystemRequest {
  readonly disk: string;
  readonly sizeBytes: number;
  readonly tar: string;
  /** Files that differ from disk to disk, laid over the tree. */
  readonly files: readonly ArchiveFile[];
  readonly ids: DiskIds;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly folder: string;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
}

/** Extracts the tree into `<folder>/tree` (kept for the boot chain) and writes the file system. Returns the tree. */
export async function makeRootFilesystem(request: RootFilesystemRequest): Promise<string> {
  const { folder, user, signal, ids, epoch } = request;
  const tree = join(folder, TREE_FOLDER);
  const overlay = join(folder, 'overlay.tar');
  mkdirSync(tree, { mode: 0o755 });
  giveToBuildUser(user, tree);
  writeFileSync(overlay, encodeTar(request.files, epoch));
  const run = async (argv: readonly string[]): Promise<string> => {
    const env = { E2FSPROGS_FAKE_TIME: String(epoch), MKE2FS_CONFIG: '/dev/null' };
    return (await runCommand(inUserNamespace(user, argv), { signal, env })).stdout;
  };
  // Device nodes cannot be made in a user namespace; the kernel mounts devtmpfs over /dev.
  const extract = ['tar', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-C', tree];
  await run([...extract, '--exclude=./dev/*', '-xf', request.tar]);
  await run([...extract, '-xf', overlay]);
  const changedFolders = new Set(request.files.map((file) => join(tree, dirname(file.path))));
  await run(['touch', '-d', `@${epoch}`, ...changedFolders]);

  const options = [
    `offset=${ROOT_OFFSET}`,
    `hash_seed=${ids.root}`,
    'root_owner=0:0',
    'lazy_itable_init=1',
    'lazy_journal_init=1',
    ...((await knowsPrezeroed(user, signal)) ? ['assume_storage_prezeroed=1'] : []),
  ];
  const format = ['mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', '-I', '256', '-m', '1', '-L', 'root'];
  const size = `${rootBytes(request.sizeBytes) / KIB}k`;
  await run([
    ...format,
    '-O',
    ext4Features,
    '-U',
    ids.root,
    '-E',
    options.join(','),
    '-d',
    tree,
    request.disk,
    size,
  ]);
  await settleTimes(request, run);
  return tree;
}

/** Named here, not taken from this machine's mke2fs.conf, so that every machine makes the same file system. */
const ext4Features =
  'has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,' +
  'dir_nlink,extra_isize,metadata_csum';

/**
 * mke2fs copies each file's change time, which is the time of extraction; sets all to the epoch so that the
 * same tree gives the same bytes.
 */
async function settleTimes(
  request: RootFilesystemRequest,
  run: (argv: readonly string[]) => Promise<string>,
): Promise<void> {
  const target = `${request.disk}?offset=${ROOT_OFFSET}`;
  const used = usedInodes(await run(['dumpe2fs', '-h', target]));
  const commands: string[] = [];
  for (let inode = 1; inode <= used; inode += 1) {
    commands.push(`sif <${inode}> atime @${request.epoch}`, `sif <${inode}> ctime @${request.epoch}`);
    commands.push(`sif <${inode}> atime_extra 0`, `sif <${inode}> ctime_extra 0`);
  }
  const script = join(request.folder, 'times.debugfs');
  writeFileSync(script, `${commands.join('\n')}\n`);
  await run(['debugfs', '-w', '-f', script, target]);
}

/** mke2fs numbers inodes without gaps from 1, so the highest number is the number in use. */
export function usedInodes(header: string): number {
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(header)?.[1]);
  const used = field('Inode count') - field('Free inodes');
  return Number.isInteger(used) ? used : 0;
}

/** True from e2fsprogs 1.47: then the guest need not zero inode tables that are holes anyway. */
async function knowsPrezeroed(user: BuildUser, signal: AbortSignal): Promise<boolean> {
  const { stderr } = await runCommand(inUserNamespace(user, ['mke2fs', '-V']), { signal });
  const [, major, minor] = /mke2fs (\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 47);
}
