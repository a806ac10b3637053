/** Every file of a raw image's root file system with all that a person could tell apart, read offline with debugfs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findPartitions } from '../../disk/partition-table/find-partitions.ts';
import { runCommand } from '../../host/command.ts';

/** By absolute path: kind and mode, owner, extended attributes, and the digest of the content or the link's target. */
export type DiskTree = ReadonlyMap<string, string>;

interface Found {
  readonly path: string;
  readonly inode: string;
  /** Octal, with the kind in front. */
  readonly mode: string;
  readonly owner: string;
}

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

export async function readDiskTree(path: string, virtualSizeBytes: number): Promise<DiskTree> {
  const partitions = await findPartitions(path, virtualSizeBytes);
  const root = partitions.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (root === undefined) throw new Error(`${path} has no partitions`);
  const device = `${path}?offset=${root.startBytes}`;
  const folder = await mkdtemp(join(tmpdir(), 'goldsmith-tree-'));
  try {
    const found = await listAll(device, folder);
    const attributes = await readAttributes(device, folder, found);
    await mkdir(join(folder, 'content'));
    await debugfs(device, folder, ['rdump / content']);
    const tree = new Map<string, string>();
    for (const { path: name, inode, mode, owner } of found) {
      const content = await contentOf(join(folder, 'content', name), mode);
      tree.set(name, [mode, owner, attributes.get(inode) ?? '', content].join(' '));
    }
    return tree;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folder by folder, a whole depth at a time. */
async function listAll(device: string, folder: string): Promise<readonly Found[]> {
  const all: Found[] = [];
  let depth: readonly string[] = ['/'];
  while (depth.length > 0) {
    const output = await debugfs(
      device,
      folder,
      depth.map((path) => `ls -p "${path}"`),
    );
    const next: Found[] = [];
    let parent = '';
    for (const line of output.split('\n')) {
      const command = /^debugfs: ls -p "(.*)"$/.exec(line);
      if (command?.[1] !== undefined) parent = command[1];
      const [, inode = '', mode = '', uid = '', gid = '', name = ''] = line.split('/');
      if (!line.startsWith('/') || name === '' || name === '.' || name === '..') continue;
      next.push({ path: join(parent, name), inode, mode, owner: `${uid}:${gid}` });
    }
    all.push(...next);
    depth = next.filter(({ mode }) => mode.startsWith('04')).map(({ path }) => path);
  }
  return all;
}

/** Extended attributes by inode; most files have none. */
async function readAttributes(
  device: string,
  folder: string,
  found: readonly Found[],
): Promise<ReadonlyMap<string, string>> {
  const output = await debugfs(
    device,
    folder,
    found.map(({ inode }) => `ea_list <${inode}>`),
  );
  const attributes = new Map<string, string>();
  let inode = '';
  for (const line of output.split('\n')) {
    const command = /^debugfs: ea_list <(\d+)>$/.exec(line);
    if (command?.[1] !== undefined) inode = command[1];
    else if (/^ {2}\S/.test(line)) attributes.set(inode, `${attributes.get(inode) ?? ''}${line.trim()};`);
  }
  return attributes;
}

async function contentOf(copy: string, mode: string): Promise<string> {
  const facts = await lstat(copy).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) return `-> ${await readlink(copy)}`;
  if (facts?.isFile() !== true || !mode.startsWith('10')) return '';
  const hash = createHash('sha256');
  await pipeline(createReadStream(copy), hash);
  return hash.digest('hex');
}

async function debugfs(device: string, folder: string, commands: readonly string[]): Promise<string> {
  const script = join(folder, 'commands');
  await writeFile(script, `${commands.join('\n')}\n`);
  const { stdout } = await runCommand(['debugfs', '-f', script, device], {
    cwd: folder,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  return stdout;
}
