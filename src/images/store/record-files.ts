/** Records as files: whole or absent, created exclusively or replaced atomically, checked when read. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { syncFolder } from '../../host/atomic-file.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { namesIn, type Session } from './session.ts';

/**
 * Puts a record at `path` unless something is there. The name appears with its whole content or not at
 * all: of several processes exactly one succeeds.
 * @returns false when the name is taken.
 */
export function createRecord(session: Session, path: string, record: unknown): boolean {
  const staged = stage(session, record);
  try {
    return withFolder(path, () => {
      try {
        linkSync(staged, path);
        syncFolder(dirname(path));
        return true;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw error;
      }
    });
  } finally {
    rmSync(staged, { force: true });
  }
}

/** Puts a record at `path` in place of whatever is there. */
export function replaceRecord(session: Session, path: string, record: unknown): void {
  const staged = stage(session, record);
  withFolder(path, () => {
    renameSync(staged, path);
    syncFolder(dirname(path));
  });
}

/**
 * The record at `path`; undefined when there is none.
 * @throws GoldsmithError `Internal` when the file is damaged.
 */
export function readRecord<T>(schema: z.ZodType<T>, path: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GoldsmithError('Internal', 'A description in the image store is damaged', {
      cause,
      internal: path,
      hint: `Look at ${path}; delete it if it cannot be repaired.`,
    });
  }
}

/** All records exactly `depth` folders below `folder`; names that vanish meanwhile are left out. */
export function readRecords<T>(schema: z.ZodType<T>, folder: string, depth: number): readonly T[] {
  if (depth > 0) {
    return namesIn(folder).flatMap((name) => readRecords(schema, join(folder, name), depth - 1));
  }
  return namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readRecord(schema, join(folder, name)) ?? []);
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function stage(session: Session, record: unknown): string {
  const path = session.stagingPath();
  const file = openSync(path, 'wx', 0o644);
  try {
    writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}

/** Somebody may remove an empty folder between making it and using it; then make it again. */
function withFolder<T>(path: string, act: () => T): T {
  for (let attempt = 1; ; attempt += 1) {
    mkdirSync(dirname(path), { recursive: true });
    try {
      return act();
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || attempt === 5) throw error;
    }
  }
}
