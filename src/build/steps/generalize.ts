/**
 * Uses: the customized machine.
 * Produces: a machine that is switched off, whose disk holds nothing of this build.
 * Undoes: nothing.
 */
import { generalizeLinux } from '../../guest/generalize/generalize-linux.ts';
import type { RunningVm } from '../../vm/hypervisor.ts';
import { machineEndError } from '../../vm/qemu/qemu-machine.ts';
import type { GuestSession } from '../guest-session.ts';
import type { Step } from '../step.ts';

/** Time from the guest's last word to the end of its machine; its file systems are clean by then. */
const POWER_OFF_TIMEOUT_MS = 3 * 60_000;

export const generalizeStep: Step<GuestSession, void> = {
  id: 'generalize',
  title: 'Generalize and switch off',
  async run({ vm, shell, key, machine }, context) {
    const generalized = generalizeLinux(shell, {
      buildUserName: machine.userName,
      publicKey: key.publicKey,
      onLine: (stream, line) => context.output(stream, line),
      signal: context.signal,
    });
    const report = await Promise.race([generalized, unexpectedEnd(vm)]);
    for (const warning of report.warnings) context.warn(warning);
    context.output('out', `Generalized by ${report.method}; ${report.facts.length} facts proved`);
    await vm.waitForPowerOff(POWER_OFF_TIMEOUT_MS, context.signal);
  },
};

/** Rejects when the machine ends in any way but switching itself off, which is what is wanted here. */
async function unexpectedEnd(vm: RunningVm): Promise<never> {
  const end = await vm.ended;
  if (end.reason !== 'power-off') throw machineEndError(end);
  return new Promise(() => undefined);
}
