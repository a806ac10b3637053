/** Facts about the root file system of a raw image, read offline: nothing is mounted and nothing boots. */
import { findPartitions } from '../../disk/partition-table/find-partitions.ts';
import { runCommand } from '../../host/command.ts';

export interface DiskFacts {
  /** Content of a file, or undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** `uid:gid mode` with the mode in octal, or undefined when there is no such inode. */
  owner(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Names in a folder, without dots. */
  list(path: string): Promise<readonly string[]>;
  /** Size of the file system, bytes. */
  readonly sizeBytes: number;
  /** True when its journal needs no recovery and its state is clean. */
  readonly clean: boolean;
}

/** The largest partition is the root file system of every image that we make; it is ext4. */
export async function readDiskFacts(path: string, virtualSizeBytes: number): Promise<DiskFacts> {
  const partitions = await findPartitions(path, virtualSizeBytes);
  const root = [...partitions].sort((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (root === undefined) throw new Error(`${path} has no partitions`);
  const device = `${path}?offset=${root.startBytes}`;
  const ask = async (command: string): Promise<string> =>
    (await runCommand(['debugfs', '-R', command, device])).stdout;
  const header = await ask('show_super_stats -h');
  const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(header)?.[1] ?? '';
  const stat = async (file: string): Promise<string> => ask(`stat "${file}"`);
  const exists = async (file: string): Promise<boolean> => /^Inode: \d+/m.test(await stat(file));
  return {
    exists,
    read: async (file) => ((await exists(file)) ? ask(`cat "${file}"`) : undefined),
    owner: async (file) => {
      const text = await stat(file);
      const mode = /Mode:\s+(\d+)/.exec(text)?.[1];
      const ids = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(text);
      return mode === undefined || ids === null ? undefined : `${ids[1]}:${ids[2]} ${mode}`;
    },
    list: async (folder) =>
      (await ask(`ls -p "${folder}"`))
        .split('\n')
        .map((line) => line.split('/')[5] ?? '')
        .filter((name) => name !== '' && name !== '.' && name !== '..'),
    sizeBytes: Number(field('Block count')) * Number(field('Block size')),
    clean: field('Filesystem state') === 'clean' && !field('Filesystem features').includes('needs_recovery'),
  };
}
