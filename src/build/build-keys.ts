/** The names under which a build's machines and its image are kept, all known before it starts. */
import { createHash } from 'node:crypto';
import { GENERALIZE_SCRIPT } from '../guest/generalize/generalize-linux.ts';
import { settingsFor } from '../guest/provisioning/first-boot-settings.ts';
import { AGENT_PROGRAM } from '../guest/wake/agent-program.ts';
import { osDiskBytes } from './machine-shape.ts';
import type { BuildScene, Prepared } from './build-scene.ts';
import { bootKey, imageKey, stepKey, type CheckpointKey, type KeyInputs } from './checkpoints/keys.ts';
import type { BuildKeys } from './checkpoints/plan-reuse.ts';
import { EMULATION_PARAMETERS } from './direct-kernel.ts';
import { initramfsHook } from './initramfs-hook.ts';

export function buildKeys(scene: BuildScene, prepared: Prepared): BuildKeys {
  const { template } = scene.options;
  const boot = bootKey(bootInputs(scene, prepared));
  const steps: CheckpointKey[] = [];
  let before = boot.key;
  for (const part of template.customize) {
    const step = stepKey(before, part, prepared.artifacts);
    steps.push(step);
    before = step.key;
  }
  return { boot, steps, image: imageKey(before, GENERALIZE_SCRIPT) };
}

/** The machine that validates an image. */
export function validationInputs({ host }: BuildScene, { vm }: Prepared): KeyInputs {
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
function bootInputs(scene: BuildScene, prepared: Prepared): KeyInputs {
  const { options } = scene;
  const { facts } = prepared.source;
  const diskBytes = osDiskBytes(options.template.vmProfile, facts);
  return {
    'source image': facts.digest,
    generation: facts.generation,
    provisioning: facts.provisioning,
    'disk size': String(diskBytes),
    location: options.template.location,
    ...validationInputs(scene, prepared),
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
