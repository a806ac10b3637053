/** Before tests: what a fresh machine lacks is installed when that needs no question (root, or sudo without one). */
import { globSync } from 'node:fs';
import { GoldsmithError } from '../src/model/errors.ts';
import { runDoctor } from '../src/host/doctor/doctor.ts';
import { installExtraPackages, installMissing } from '../src/host/doctor/install.ts';
import { installPlan } from '../src/host/doctor/report.ts';
import { openHome } from '../src/host/home.ts';
import { findProgram } from '../src/host/program-path.ts';

/**
 * Leaves the machine ready for the tests that run tools and VMs.
 * @throws GoldsmithError `HostNotReady`, telling everything that is still missing.
 */
export async function prepareHost(signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  await installPeers(signal, onLine);
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

/** Programs that only the tests talk to. */
const peers: readonly { readonly debianPackage: string; readonly isThere: () => boolean }[] = [
  { debianPackage: 'azure-cli', isThere: () => findProgram('az') !== undefined },
  { debianPackage: 'postgresql', isThere: () => globSync('/usr/lib/postgresql/*/bin/initdb').length > 0 },
  { debianPackage: 'openssh-server', isThere: () => findProgram('sshd') !== undefined },
  { debianPackage: 'gdisk', isThere: () => findProgram('sgdisk') !== undefined },
];

/** Without one of them its tests are skipped with a reason, or fail. */
async function installPeers(signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  const missing = peers.filter(({ isThere }) => !isThere()).map(({ debianPackage }) => debianPackage);
  if (missing.length === 0) return;
  try {
    await installExtraPackages(missing, { signal, onLine });
  } catch (error) {
    if (signal.aborted) throw error;
    onLine(`Not installed: ${missing.join(', ')} (${String(error)})`);
  }
}
