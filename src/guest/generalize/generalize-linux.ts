/**
 * Makes a Linux build VM into an image: wait for the end of its first boot, deprovision, scrub, prove, switch off. All of it is one root shell on
 * one channel, because the user, its key and the host keys disappear under it: no second login is possible.
 */
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { GoldsmithError } from '../../model/errors.ts';
import type { GuestShell, OutputStream } from '../guest-shell.ts';
import { LineSplitter } from '../output/line-splitter.ts';
import type { LineSink } from '../output/guest-log.ts';
import { FIRST_BOOT_MARK } from '../provisioning/first-boot-settings.ts';
import { FINISHED_SCRIPT, outcomeOf } from '../readiness/cloud-init.ts';
import { asRoot } from '../shell-words.ts';
import { keyBlobOf } from '../ssh/key-pair.ts';
import { DEPROVISION_SCRIPT } from './deprovision-script.ts';
import { POWER_OFF_SCRIPT } from './power-off-script.ts';
import { PROOF_SCRIPT } from './proof-script.ts';
import { ReportReader, type DeprovisionMethod, type ProofFact } from './report-lines.ts';
import { HOMES_FUNCTION, SCRUB_BESIDE_SCRIPT, SCRUB_SCRIPT } from './scrub-script.ts';
import { ROOT_PATH } from './waiting-deprovision.ts';

export interface GeneralizeOptions {
  readonly buildUserName: string;
  /** The line of the build's key as it was given to the guest. */
  readonly publicKey: string;
  readonly onLine: LineSink;
  readonly signal: AbortSignal;
}

export interface GeneralizeReport {
  /** Who deprovisioned: a script of the template, the Azure agent, or only the built-in scrub. */
  readonly method: DeprovisionMethod;
  /** All true. */
  readonly facts: readonly ProofFact[];
  readonly warnings: readonly string[];
}

/** What runs in the guest. */
export const GENERALIZE_SCRIPT = [
  String.raw`
user=$1 blob=$2 tag=$3
exec 3<&0 </dev/null
cd / && umask 022
PATH=${ROOT_PATH} LC_ALL=C HISTSIZE=0
export PATH LC_ALL HISTSIZE
unset HISTFILE
say() { printf '@@%s %s\n' "$tag" "$*"; }
home=$(grep "^$user:" /etc/passwd | cut -d: -f6)
scrubbed=
read -r buildhost < /proc/sys/kernel/hostname
# A first boot that is not over yet would write its state again behind our back. The last stages of our own first boot
# have nothing to do: they are stopped. What another one does is waited for.
if [ ! -s /var/lib/cloud/data/result.json ] && grep -qsF ${FIRST_BOOT_MARK} /var/lib/cloud/instance/user-data.txt; then
  systemctl stop cloud-config.service cloud-final.service 3<&-
  say first-boot short
else
  (${FINISHED_SCRIPT}) | while IFS= read -r line; do say first-boot "$line"; done
fi
`,
  HOMES_FUNCTION,
  SCRUB_BESIDE_SCRIPT,
  DEPROVISION_SCRIPT,
  SCRUB_SCRIPT,
  PROOF_SCRIPT,
  String.raw`
say proved
read -r word <&3
[ "$word" = off ] || exit 0
`,
  POWER_OFF_SCRIPT,
].join('\n');

/**
 * Resolves when the guest has begun to switch itself off; the caller waits for the machine's end. After a
 * failure the machine still runs, and the connection still stands unless a script of the template broke it.
 * @throws GoldsmithError `GeneralizeFailed` with one detail per fact that does not hold, `GuestUnreachable`,
 *   `Cancelled`.
 */
export async function generalizeLinux(
  shell: GuestShell,
  options: GeneralizeOptions,
): Promise<GeneralizeReport> {
  const { buildUserName, onLine, signal } = options;
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(buildUserName) || buildUserName === 'root') {
    throw new GoldsmithError(
      'Internal',
      `The build user's name ${JSON.stringify(buildUserName)} is not a plain one`,
    );
  }
  const tag = randomBytes(12).toString('hex');
  const reader = new ReportReader(tag);
  const stdin = new PassThrough();
  const switchedOff = Promise.withResolvers<void>();
  const onReport = (): void => {
    if (reader.waiting && !stdin.writableEnded)
      stdin.end(reader.facts.every((fact) => fact.ok) ? 'off\n' : 'stay\n');
    if (reader.off) switchedOff.resolve();
  };
  const lines = (stream: OutputStream): LineSplitter =>
    new LineSplitter((line) => {
      if (stream === 'out' && reader.take(line)) onReport();
      else onLine(stream, line);
    });
  const splitters = { out: lines('out'), err: lines('err') };
  const words = ['/bin/sh', '-c', GENERALIZE_SCRIPT, 'sh', buildUserName, keyBlobOf(options.publicKey), tag];
  const ended = shell
    .exec(asRoot(shell.userName, words), {
      stdin,
      signal,
      onOutput: (stream, chunk) => splitters[stream].push(chunk),
    })
    .finally(() => {
      splitters.out.end();
      splitters.err.end();
      stdin.end();
    });
  try {
    await Promise.race([switchedOff.promise, ended]);
  } catch (error) {
    if (!reader.off) throw error; // losing the connection is how a machine that switches off says goodbye
  }
  ended.catch(() => undefined);
  if (reader.stopped !== undefined)
    throw new GoldsmithError('GeneralizeFailed', `Deprovisioning failed: ${reader.stopped}`);
  const { method, facts, warnings } = reader;
  const broken = facts.filter((fact) => !fact.ok);
  if (method === undefined || broken.length > 0 || !reader.off) throw notProven(broken);
  return { method, facts, warnings: [...outcomeOf(reader.firstBoot).warnings, ...warnings] };
}

function notProven(broken: readonly ProofFact[]): GoldsmithError {
  const details = broken.map((fact) => ({
    code: 'NotGeneralized',
    target: fact.name,
    message: `${fact.name}: ${fact.found || 'it does not hold'}`,
  }));
  const list = details.map((detail) => detail.message).join('; ');
  return new GoldsmithError(
    'GeneralizeFailed',
    `The image still carries traces of the build: ${list || 'the script ended early'}`,
    {
      details,
      hint: 'A customizer, or the deprovisioning script of the template, may have written them again.',
    },
  );
}
