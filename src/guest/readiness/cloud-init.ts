/** Waiting until cloud-init has finished, so that the first customizer does not meet its package manager. */
import { z } from 'zod';
import type { GuestShell } from '../guest-shell.ts';
import { FIRST_BOOT_MARK } from '../provisioning/first-boot-settings.ts';
import { safeText } from '../output/safe-text.ts';

export interface CloudInitOutcome {
  /** `short`: it has done all that our first boot asks of it; its later stages have nothing to do. */
  readonly state: 'finished' | 'short' | 'absent' | 'disabled' | 'no-result';
  /** What cloud-init called errors, and a missing result; safe to show. The build goes on. */
  readonly warnings: readonly string[];
}

/**
 * `cloud-init status --wait` starts an interpreter and then looks once a second. Here `tail` waits for the
 * result file (it is told by the kernel), and systemd tells when the boot has ended without one; the first
 * to speak ends the wait. An older systemd answers at once with `starting`, which is not listened to.
 * What it prints is for {@link outcomeOf}; cloud-init writes nothing any more afterwards.
 */
export const FINISHED_SCRIPT = `
command -v cloud-init >/dev/null || { echo absent; exit 0; }
[ -e /run/cloud-init/disabled ] && { echo disabled; exit 0; }
result=/var/lib/cloud/data/result.json
if [ ! -s $result ]; then
  {
    tail -n +1 -F $result 2>/dev/null & files=$!
    if [ -d /run/systemd/system ]; then systemctl is-system-running --wait 2>/dev/null & boot=$!; fi
    echo "waiters $files $boot"
    wait
  } | {
    while read -r line rest; do
      case $line in waiters) waiters=$rest ;; starting|initializing) ;; *) break ;; esac
    done
    kill $waiters 2>/dev/null
  }
fi
[ -s $result ] || { echo no-result; exit 0; }
echo finished
cat $result
`;

/** `result.json` of cloud-init. */
const resultSchema = z.object({ v1: z.object({ errors: z.array(z.unknown()) }) });

/** Most bytes of the result that are read, and most errors that are told. */
const RESULT_LIMIT = 64 * 1024;
const ERROR_LIMIT = 10;

const READY_SCRIPT = `
sudo -n grep -qsF ${FIRST_BOOT_MARK} /var/lib/cloud/instance/user-data.txt && { echo short; exit 0; }
${FINISHED_SCRIPT}`;

/**
 * Resolves when customizers may run: at once when cloud-init took our first-boot settings, which end its work
 * before SSH starts, else when it has finished, is absent or is disabled. Has no time limit of its own.
 * @throws GoldsmithError `Cancelled`, `GuestUnreachable`.
 */
export async function cloudInitReady(shell: GuestShell, signal: AbortSignal): Promise<CloudInitOutcome> {
  let output = '';
  await shell.exec(READY_SCRIPT, {
    signal,
    onOutput: (stream, chunk) => {
      if (stream === 'out' && output.length < RESULT_LIMIT) output += chunk.toString('utf8');
    },
  });
  return outcomeOf(output);
}

/** Reads what {@link FINISHED_SCRIPT} printed. */
export function outcomeOf(output: string): CloudInitOutcome {
  const lineEnd = output.indexOf('\n');
  const state = output.slice(0, lineEnd < 0 ? undefined : lineEnd).trim();
  if (state === 'short' || state === 'absent' || state === 'disabled') return { state, warnings: [] };
  if (state !== 'finished') {
    return { state: 'no-result', warnings: ['cloud-init ended without a result in the build VM'] };
  }
  const result = resultSchema.safeParse(parsed(output.slice(lineEnd + 1)));
  if (!result.success)
    return { state, warnings: ['the result of cloud-init in the build VM cannot be read'] };
  const warnings = result.data.v1.errors.slice(0, ERROR_LIMIT).map((error) => {
    const text = typeof error === 'string' ? error : (JSON.stringify(error) ?? '');
    return `cloud-init reported an error: ${safeText(text).slice(0, 500)}`;
  });
  return { state, warnings };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
