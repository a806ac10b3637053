/** The names under which a build's machines and its image are kept, all known before it starts. */
import { createHash } from 'node:crypto';
import type { Artifacts } from '../guest/artifacts/fetch-artifacts.ts';
import { GENERALIZE_SCRIPT } from '../guest/generalize/generalize-linux.ts';
import { settingsFor } from '../guest/provisioning/first-boot-settings.ts';
import { AGENT_PROGRAM } from '../guest/wake/agent-program.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { FittedVm } from '../vm/vm-sizes.ts';
import type { BuildHost } from './build-options.ts';
import { bootKey, imageKey, stepKey, type CheckpointKey, type KeyInputs } from './checkpoints/keys.ts';
import type { BuildKeys } from './checkpoints/plan-reuse.ts';
import { EMULATION_PARAMETERS } from './direct-kernel.ts';
import { initramfsHook } from './initramfs-hook.ts';
import { osDiskBytes } from './machine-shape.ts';

/** What a build is known to be made of before a machine is started. */
export interface BuildParts {
  readonly template: ImageTemplate;
  readonly host: BuildHost;
  readonly source: ImageFacts;
  readonly artifacts: Artifacts;
  readonly vm: FittedVm;
}

export function buildKeys(parts: BuildParts): BuildKeys {
  const { template, artifacts } = parts;
  const boot = bootKey(bootInputs(parts));
  const steps: CheckpointKey[] = [];
  let before = boot.key;
  for (const part of template.customize) {
    const step = stepKey(before, part, artifacts);
    steps.push(step);
    before = step.key;
  }
  return { boot, steps, image: imageKey(before, GENERALIZE_SCRIPT) };
}

/** The machine itself, whatever is on its disk. */
export function machineInputs({ host, vm }: Pick<BuildParts, 'host' | 'vm'>): KeyInputs {
  return {
    'VM size': vm.vmSize,
    CPUs: String(vm.cpus),
    memory: String(vm.memoryBytes),
    accelerator: host.accelerator,
    'CPU model': host.cpuModel,
    ...host.machineFacts,
  };
}

/** What a machine that has only booted depends on. */
function bootInputs(parts: BuildParts): KeyInputs {
  const { template, source } = parts;
  return {
    'source image': source.digest,
    generation: source.generation,
    provisioning: source.provisioning,
    'disk size': String(osDiskBytes(template.vmProfile, source)),
    location: template.location,
    ...machineInputs(parts),
    'first boot': BOOT_RECIPE,
  };
}

/** Everything of our own that is in the guest's first boot. */
const BOOT_RECIPE = createHash('sha256')
  .update(
    JSON.stringify([
      EMULATION_PARAMETERS,
      initramfsHook.map(({ path, ...entry }) => [path, 'content' in entry ? entry.content : '']),
      [true, false].map(settingsFor),
      AGENT_PROGRAM,
    ]),
  )
  .digest('hex')
  .slice(0, 16);
