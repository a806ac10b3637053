/** Which runs may go on at once on one host: as many as fit, in the order in which they come. */
import { readHostResources } from '../../host/resources.ts';
import { GIB, MIB } from '../../model/sizes.ts';
import type { RunNeeds } from '../../store/records.ts';

/** What a host can give to runs. */
export type Capacity = RunNeeds;

/** Memory that stays with the host, its service and QEMU itself. */
const HOST_RESERVE_BYTES = 512 * MIB;

/** What this machine can give now, with the images of runs below `folder`. */
export function hostCapacity(folder: string): Capacity {
  const { cpus, memoryBytes, diskBytes } = readHostResources(folder);
  return { cpus, memoryBytes: Math.max(0, memoryBytes - HOST_RESERVE_BYTES), diskBytes };
}

/** Simulated machines cost a process each and hardly any disk: as many as eight of Azure's default size. */
export function simulatedCapacity(): Capacity {
  return { cpus: 16, memoryBytes: 64 * GIB, diskBytes: 32 * GIB };
}

export class Admission {
  readonly #measure: () => Capacity;
  readonly #running = new Map<string, RunNeeds>();
  #capacity: Capacity;

  /** @param measure what the host can give while no run is going on; asked whenever that is so. */
  constructor(measure: () => Capacity) {
    this.#measure = measure;
    this.#capacity = measure();
  }

  get running(): number {
    return this.#running.size;
  }

  /**
   * Takes what a run needs. A machine larger than the host gets what the host has, so a run always fits when it is
   * alone; whether it really does, the engine finds out when it knows the source image.
   */
  admit(runId: string, needs: RunNeeds): boolean {
    if (this.#running.size === 0) this.#capacity = this.#measure();
    const wanted = {
      cpus: Math.min(needs.cpus, this.#capacity.cpus),
      memoryBytes: Math.min(needs.memoryBytes, this.#capacity.memoryBytes),
      diskBytes: needs.diskBytes,
    };
    const fits = (['cpus', 'memoryBytes', 'diskBytes'] as const).every(
      (what) => this.#taken(what) + wanted[what] <= this.#capacity[what],
    );
    if (!fits && this.#running.size > 0) return false;
    this.#running.set(runId, wanted);
    return true;
  }

  release(runId: string): void {
    this.#running.delete(runId);
  }

  #taken(what: keyof RunNeeds): number {
    return [...this.#running.values()].reduce((sum, needs) => sum + needs[what], 0);
  }
}
