/**
 * Keeps checkpoints of a running build. The machine stands still only while its memory is copied; digests and
 * publishing go on beside the build. Keeping is a convenience: when it fails the build goes on without.
 */
import { join } from 'node:path';
import { requireSpace } from '../../disk/disk-space.ts';
import { createLayer } from '../../disk/layers/create-layer.ts';
import { linkOrClone } from '../../disk/link-or-clone.ts';
import type { BuildUser } from '../../host/build-user.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type { VmDisk } from '../../vm/hypervisor.ts';
import type { GuestSession } from '../guest-session.ts';
import {
  checkpointFiles,
  discFile,
  type CheckpointImage,
  type CheckpointMachine,
} from './checkpoint-machine.ts';
import type { CheckpointStore, StagedCheckpoint } from './checkpoint-store.ts';
import { DISK_FILE } from './claim.ts';
import type { CheckpointKey } from './keys.ts';
import type { CheckpointDraft, CheckpointRef } from './manifest.ts';

export interface KeeperOptions {
  readonly store: CheckpointStore;
  readonly templateName: string;
  /** Digest of the source image. */
  readonly base: string;
  readonly diskBytes: number;
  /** For the layers to come; belongs to the build user. */
  readonly workDir: string;
  readonly user: BuildUser;
  readonly now: () => number;
  /** When this build looked for checkpoints: those that others have made since then stay. */
  readonly keepFromMs: number;
  readonly onWarning: (message: string) => void;
}

/** What the machine of a build has behind it when the keeper takes over. */
export interface Lineage {
  /** The checkpoint that it was woken from. */
  readonly parent: CheckpointRef | undefined;
  /** When the oldest customizer in it ran, milliseconds since the epoch. */
  readonly stepsSinceMs: number | undefined;
}

/** What a checkpoint is called. */
export interface CheckpointLabel extends CheckpointKey {
  readonly title: string;
  /** Index of the last customizer in it; -1 before the first. */
  readonly position: number;
}

/** Room that keeping a machine leaves to the build that goes on. */
const SPARE_BYTES = 512 * MIB;

/** What a checkpoint is taken to cost before one was made. */
const FIRST_COST_MS = 600;

/** Every build pays for a checkpoint, and only one of several starts from it: what it spares must be a multiple. */
const WORTH = 3;

export class CheckpointKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  #parent: CheckpointRef | undefined;
  #stepsSinceMs: number | undefined;
  #lastMs: number;
  #costMs = FIRST_COST_MS;
  #layers = 0;
  #broken = false;
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions, lineage: Lineage) {
    this.#options = options;
    this.#parent = lineage.parent;
    this.#stepsSinceMs = lineage.stepsSinceMs;
    this.#lastMs = options.now();
  }

  /** To be told before the first customizer of this build runs. */
  customizing(): void {
    this.#stepsSinceMs ??= this.#options.now();
    this.#lastMs = this.#options.now();
  }

  /**
   * Keeps the machine as it is, where the work since the last checkpoint took several times as long as keeping it does.
   * @throws GoldsmithError what says that the machine is gone, `Cancelled`.
   */
  async keepIfItPays(session: GuestSession, label: CheckpointLabel, signal: AbortSignal): Promise<void> {
    const tookMs = this.#options.now() - this.#lastMs;
    if (tookMs > WORTH * this.#costMs) await this.keep(session, { ...label, kind: 'step', tookMs }, signal);
  }

  /** @throws GoldsmithError what says that the machine is gone, `Cancelled`. */
  async keep(
    session: GuestSession,
    label: CheckpointLabel & { readonly kind: 'boot' | 'step'; readonly tookMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#broken) return;
    const startedAt = this.#options.now();
    try {
      const staged = await this.#freeze(session, signal);
      this.#publish(staged, label, machineFacts(session, this.#options.diskBytes, this.#stepsSinceMs));
    } catch (error) {
      if (signal.aborted || isGoldsmithError(error, 'VmDied', 'GuestPanicked', 'Cancelled')) throw error;
      this.#giveUp(error);
    }
    this.#lastMs = this.#options.now();
    this.#costMs = this.#lastMs - startedAt;
  }

  /**
   * Keeps the disk of the machine, which has been switched off, as the layer that makes the image.
   * @returns what it is kept as; undefined when it could not be kept.
   */
  async keepImage(
    disk: VmDisk,
    label: CheckpointLabel & { readonly tookMs: number; readonly digest: string },
    signal: AbortSignal,
  ): Promise<CheckpointRef | undefined> {
    if (this.#broken) return undefined;
    const { store, diskBytes, user } = this.#options;
    try {
      const staged = await store.stage({ signal });
      await linkOrClone(disk.path, join(staged.folder, DISK_FILE), { user, signal });
      const facts: CheckpointImage = {
        ...{ digest: label.digest, diskBytes },
        ...(this.#stepsSinceMs === undefined ? {} : { stepsSinceMs: this.#stepsSinceMs }),
      };
      this.#publish(staged, { ...label, kind: 'image' }, facts);
      await this.#publishing;
      return this.#broken ? undefined : { key: label.key, id: staged.id };
    } catch (error) {
      if (signal.aborted) throw error;
      this.#giveUp(error);
      return undefined;
    }
  }

  /** Waits for what is still being published. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publishing;
  }

  async #freeze(session: GuestSession, signal: AbortSignal): Promise<StagedCheckpoint> {
    const { store, workDir, user, diskBytes } = this.#options;
    const memoryBytes = session.memory?.mode === 'shared' ? session.memory.file.sizeBytes : 0;
    await requireSpace(workDir, memoryBytes + SPARE_BYTES, 'a checkpoint');
    const staged = await store.stage({ signal });
    try {
      const { folder } = staged;
      this.#layers += 1;
      const nextLayer = join(workDir, `layer-${this.#layers}.qcow2`);
      await createLayer(nextLayer, diskBytes, { user, signal });
      const disk = await session.watch.guard(signal, async (either) =>
        session.vm.checkpoint(
          {
            statePath: join(folder, checkpointFiles.state),
            memoryPath: join(folder, checkpointFiles.memory),
            nextLayer,
          },
          either,
        ),
      );
      await linkOrClone(disk.path, join(folder, DISK_FILE), { user, signal });
      const { kernel, discs } = session;
      if (kernel !== undefined) {
        await linkOrClone(kernel.path, join(folder, checkpointFiles.kernel), { user, signal });
        await linkOrClone(kernel.initrdPath, join(folder, checkpointFiles.initrd), { user, signal });
      }
      for (const [index, disc] of discs.entries()) {
        await linkOrClone(disc, join(folder, discFile(index)), { user, signal });
      }
      return staged;
    } catch (error) {
      await staged[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One after the other: a checkpoint is worth nothing before the one that it lies on is there. */
  #publish(
    staged: StagedCheckpoint,
    label: CheckpointLabel & { readonly kind: CheckpointDraft['kind']; readonly tookMs: number },
    machine: CheckpointMachine | CheckpointImage,
  ): void {
    const { store, templateName, base, now, keepFromMs } = this.#options;
    const { key, inputs, title, position, kind, tookMs } = label;
    const draft: CheckpointDraft = {
      ...{ key, inputs, title, position, kind, tookMs, templateName, base, machine },
      createdAtMs: now(),
      ...(this.#parent === undefined ? {} : { parent: this.#parent }),
    };
    if (kind !== 'image') this.#parent = { key, id: staged.id };
    const before = this.#publishing;
    this.#publishing = (async () => {
      await before;
      try {
        const outcome = await store.publish(staged, draft, { signal: this.#stop.signal, keepFromMs });
        // somebody else's machine stands there now, and what is to come lies on ours
        if (outcome !== 'published') this.#broken = true;
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#giveUp(error);
      } finally {
        await staged[Symbol.asyncDispose]();
      }
    })();
  }

  #giveUp(error: unknown): void {
    this.#broken = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onWarning(`This build keeps no more checkpoints: ${reason}`);
  }
}

function machineFacts(
  { machine, kernel, discs }: GuestSession,
  diskBytes: number,
  stepsSinceMs: number | undefined,
): CheckpointMachine {
  return {
    ...{ machine, diskBytes, discCount: discs.length },
    ...(kernel === undefined ? {} : { kernelParameters: kernel.commandLine }),
    ...(stepsSinceMs === undefined ? {} : { stepsSinceMs }),
  };
}
