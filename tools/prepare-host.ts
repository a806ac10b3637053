/** Before tests: what a fresh machine lacks is installed when that needs no question (root, or sudo without one). */
import { GoldsmithError } from '../src/model/errors.ts';
import { runDoctor } from '../src/host/doctor/doctor.ts';
import { installMissing } from '../src/host/doctor/install.ts';
import { installPlan } from '../src/host/doctor/report.ts';
import { openHome } from '../src/host/home.ts';

/**
 * Leaves the machine ready for the tests that run tools and VMs.
 * @throws GoldsmithError `HostNotReady`, telling everything that is still missing.
 */
export async function prepareHost(signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  const home = openHome();
  const before = await runDoctor({ home, signal });
  if (before.ready) return;
  for (const line of installPlan(before)) onLine(`This machine needs: ${line}`);
  await installMissing(before, { signal, onLine });
  // Users and ranges depend on packages, and checks on both: what the first round brought to light comes second.
  await installMissing(await runDoctor({ home, signal }), { signal, onLine });
  const after = await runDoctor({ home, signal });
  if (after.ready) return;
  const missing = after.items.filter(({ state }) => state === 'missing');
  throw new GoldsmithError(
    'HostNotReady',
    `This machine is not ready: ${missing.map(({ title, found }) => `${title}: ${found}`).join('; ')}`,
  );
}
