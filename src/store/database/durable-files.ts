/**
 * PGlite's files in a folder, with a real fsync. The file system that comes with PGlite has none: what PostgreSQL
 * believes to be on the disk would survive the end of this process, but not the end of the machine's power.
 */
import { fdatasyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

type Emscripten = Awaited<ReturnType<NodeFS['init']>>['emscriptenOpts'];
type Module = Parameters<NonNullable<Emscripten['preRun']>[number]>[0];

/** PostgreSQL settings that make it call fsync; its default way to sync the log, fdatasync, does nothing here. */
export const durableSettings: readonly string[] = ['-c', 'fsync=on', '-c', 'wal_sync_method=fsync'];

export class DurableFiles extends NodeFS {
  override async init(...init: Parameters<NodeFS['init']>): Promise<{ emscriptenOpts: Emscripten }> {
    const { emscriptenOpts } = await super.init(...init);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), addFsync] } };
  }
}

function addFsync(module: Module): void {
  const files: unknown = module.NODEFS;
  if (!isNodeFiles(files)) throw new Error('this version of PGlite keeps its files in another way');
  files.stream_ops.fsync = ({ nfd }) => {
    if (nfd !== undefined) fdatasyncSync(nfd);
    return 0;
  };
}

/** What Emscripten's NODEFS looks like; its types are not published. */
interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number }) => number };
}

function isNodeFiles(files: unknown): files is NodeFiles {
  return typeof files === 'object' && files !== null && 'stream_ops' in files;
}
