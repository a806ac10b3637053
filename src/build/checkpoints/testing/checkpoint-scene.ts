/** A home folder with a checkpoint store in it whose clock the test moves. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildUser } from '../../../host/build-user.ts';
import { openHome, type Home } from '../../../host/home.ts';
import { GIB } from '../../../model/sizes.ts';
import { openCheckpointStore, type CheckpointStore } from '../checkpoint-store.ts';
import { checkpointLayout, type CheckpointLayout } from '../layout.ts';
import type { CheckpointDraft, CheckpointRef } from '../manifest.ts';
import type { PublishOutcome } from '../publish.ts';

export interface CheckpointScene extends Disposable {
  readonly home: Home;
  readonly layout: CheckpointLayout;
  readonly store: CheckpointStore;
  /** Milliseconds since the epoch; every look at it moves it on by one second. */
  readonly clock: { nowMs: number };
  /** A folder beside the home, on the same file system. */
  readonly work: string;
  /** Publishes a small checkpoint called `name`; a name has one key. */
  add(name: string, wishes?: AddWishes): Promise<CheckpointRef & { readonly outcome: PublishOutcome }>;
  /** What is there now, by title, oldest first. */
  titles(): Promise<readonly string[]>;
}

export interface AddWishes {
  readonly parent?: CheckpointRef;
  readonly createdAtMs?: number;
  readonly keepFromMs?: number;
  /** Content by name, beside a disk layer of some 85 KiB; a number makes a hole of that many bytes. */
  readonly files?: Readonly<Record<string, string | number>>;
}

export interface SceneWishes {
  readonly root?: string;
  readonly limitBytes?: number;
  readonly user?: BuildUser;
}

/** The user of this process, also when it is root: nothing is started here. */
export function sameUser(): BuildUser {
  return { name: 'test', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, dropsPrivileges: false };
}

export function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

export function draftOf(name: string, createdAtMs: number, parent?: CheckpointRef): CheckpointDraft {
  return {
    key: keyOf(name),
    ...(parent === undefined ? {} : { parent }),
    kind: parent === undefined ? 'boot' : 'step',
    title: name,
    templateName: 'web',
    position: parent === undefined ? -1 : 0,
    createdAtMs,
    tookMs: 4_000,
    inputs: { script: name },
    machine: { memoryBytes: 1024 },
    base: 'gs1-sha256:00',
  };
}

export function makeCheckpointScene(wishes: SceneWishes = {}): CheckpointScene {
  const root = wishes.root ?? mkdtempSync(join(tmpdir(), 'goldsmith-checkpoints-'));
  const home = openHome({ GOLDSMITH_HOME: join(root, 'home') });
  const clock = { nowMs: 1_800_000_000_000 };
  const now = (): number => (clock.nowMs += 1_000);
  const { limitBytes = GIB, user = sameUser() } = wishes;
  const store = openCheckpointStore({ home, user, limitBytes, now });
  const signal = new AbortController().signal;
  return {
    ...{ home, store, clock },
    layout: checkpointLayout(home),
    work: join(root, 'work'),
    add: async (name, { parent, createdAtMs, keepFromMs, files } = {}) => {
      await using staged = await store.stage({ signal });
      const noise = createHash('shake128', { outputLength: 64 * 1024 })
        .update(name)
        .digest('base64');
      writeFileSync(join(staged.folder, 'disk.qcow2'), `${name}\n${noise}`);
      for (const [file, content] of Object.entries(files ?? {})) {
        const path = join(staged.folder, file);
        writeFileSync(path, typeof content === 'string' ? content : '');
        if (typeof content === 'number') truncateSync(path, content);
      }
      const draft = draftOf(name, createdAtMs ?? clock.nowMs, parent);
      const outcome = await store.publish(staged, draft, {
        signal,
        ...(keepFromMs === undefined ? {} : { keepFromMs }),
      });
      return { key: draft.key, id: staged.id, outcome };
    },
    titles: async () => (await store.list()).map(({ title }) => title),
    [Symbol.dispose]: () => {
      if (wishes.root === undefined) rmSync(root, { recursive: true });
    },
  };
}
