/**
 * The resource journal of one run: `journal.jsonl`, one synced line before each resource exists. After any death
 * of this process, however sudden, another one replays the file backwards and removes what was left (reaper.ts).
 */
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { readJsonIfExists, syncFolder, writeFileAtomic } from '../atomic-file.ts';
import { identifyProcess, ownIdentity, processIdentitySchema } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What a run may leave behind. Locks are not here: the kernel drops them with their holder (locks.ts). */
export type Resource =
  | { readonly kind: 'process'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string };

/** `kept`: the run's leftovers stay on purpose, until somebody deletes the run. */
export type RunFolderState = 'active' | 'kept' | 'ended';

const resourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('process'), name: z.string() }),
  z.object({ kind: z.literal('file'), path: z.string() }),
  z.object({ kind: z.literal('folder'), path: z.string() }),
]);

const lineSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('record'), id: z.string(), resource: resourceSchema }),
  z.object({ op: z.literal('started'), id: z.string(), process: processIdentitySchema }),
  z.object({ op: z.literal('release'), id: z.string() }),
]);

const ownerSchema = z.object({
  state: z.enum(['active', 'kept', 'ended']),
  owner: processIdentitySchema,
});

export interface Journal {
  /**
   * Writes down a resource, durably, before it is made.
   * @returns the id to release it with.
   */
  record(resource: Resource): string;
  /** Tells which process a recorded `process` became; nothing happens when it is gone already. */
  started(id: string, pid: number): void;
  /** The resource is gone, or now belongs to somebody else. Releasing twice is harmless. */
  release(id: string): void;
  /** Ends the run's ownership: `kept` leaves everything recorded in place, `ended` means all was released. */
  close(state: Exclude<RunFolderState, 'active'>): void;
}

/**
 * Makes `runDir` when needed, takes ownership of it for this process and opens its journal. A folder that this
 * machine's earlier process left is continued: its outstanding resources stay recorded.
 */
export function openJournal(runDir: string): Journal {
  mkdirSync(runDir, { recursive: true });
  const owner = ownIdentity();
  writeOwner(runDir, { state: 'active', owner });
  const path = journalPath(runDir);
  const outstanding = new Map(readJournal(runDir).map((entry) => [entry.id, entry]));
  const file = openSync(path, 'a', 0o644);
  syncFolder(runDir);
  let last = outstanding.size === 0 ? 0 : Math.max(...[...outstanding.keys()].map(Number));
  let open = true;
  if (fstatSync(file).size > 0) append(file, '\n'); // a line that a crash cut short must not swallow the next one

  return {
    record(resource) {
      if (resource.kind !== 'process' && !isAbsolute(resource.path)) {
        throw new Error(`A recorded path must be absolute: ${resource.path}`);
      }
      last += 1;
      const id = String(last);
      append(file, `${JSON.stringify({ op: 'record', id, resource })}\n`);
      outstanding.set(id, { id, resource });
      return id;
    },
    started(id, pid) {
      const identity = identifyProcess(pid);
      if (identity !== undefined)
        append(file, `${JSON.stringify({ op: 'started', id, process: identity })}\n`);
    },
    release(id) {
      if (outstanding.delete(id)) append(file, `${JSON.stringify({ op: 'release', id })}\n`);
    },
    close(state) {
      if (!open) return;
      open = false;
      closeSync(file);
      writeOwner(runDir, { state, owner });
    },
  };
}

export interface OutstandingResource {
  readonly id: string;
  readonly resource: Resource;
  /** Known for a `process` that got as far as starting. */
  readonly process?: ProcessIdentity;
}

/** What the journal of `runDir` has recorded and not released, oldest first. A torn last line is ignored. */
export function readJournal(runDir: string): readonly OutstandingResource[] {
  const outstanding = new Map<string, OutstandingResource>();
  for (const text of readLines(journalPath(runDir))) {
    const line = parseLine(text);
    if (line === undefined) continue;
    const known = outstanding.get(line.id);
    if (line.op === 'record') outstanding.set(line.id, { id: line.id, resource: line.resource });
    else if (line.op === 'release') outstanding.delete(line.id);
    else if (known !== undefined) outstanding.set(line.id, { ...known, process: line.process });
  }
  return [...outstanding.values()];
}

export interface RunFolderOwner {
  readonly state: RunFolderState;
  readonly owner: ProcessIdentity;
}

/** Who owns a run folder; undefined when nobody ever did or the file is damaged. */
export function readOwner(runDir: string): RunFolderOwner | undefined {
  try {
    return ownerSchema.safeParse(readJsonIfExists(ownerPath(runDir))).data;
  } catch {
    return undefined;
  }
}

export function writeOwner(runDir: string, owner: RunFolderOwner): void {
  writeFileAtomic(ownerPath(runDir), `${JSON.stringify(owner)}\n`);
}

function ownerPath(runDir: string): string {
  return join(runDir, 'owner');
}

function journalPath(runDir: string): string {
  return join(runDir, 'journal.jsonl');
}

function append(file: number, text: string): void {
  const bytes = Buffer.from(text);
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(file, bytes, offset);
  fsyncSync(file);
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
