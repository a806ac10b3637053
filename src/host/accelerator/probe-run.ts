/** Runs the probe guest under one accelerator and says, within seconds, whether it lived. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import { asBuildUser, giveToBuildUser, type BuildUser } from '../build-user.ts';
import { runCommand } from '../command.ts';
import {
  PROBE_EXIT_PORT,
  PROBE_FAILED_EXIT,
  PROBE_MARKER,
  PROBE_PASSED_EXIT,
  probeBootSector,
} from './probe-guest.ts';

/** A good guest needs about 0.1 s; a loaded machine gets plenty more. */
const PROBE_LIMIT_MS = 8000;

/** QEMU prints this and stays up with stopped CPUs; waiting longer never helps. */
const KVM_DEAD = /KVM internal error.*|kvm run failed.*|KVM: entry failed.*/;

export interface ProbeOptions {
  readonly qemu: string;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
}

export interface ProbeOutcome {
  readonly passed: boolean;
  /** What was seen, one sentence without a full stop. */
  readonly because: string;
}

/**
 * Boots the probe guest with `-accel <accelerator>` and `-cpu <cpuModel>` and waits for its marker, its death or
 * the limit.
 * @throws GoldsmithError `Cancelled`. A guest that fails is an outcome, not an error.
 */
export async function runProbe(
  accelerator: 'kvm' | 'tcg',
  cpuModel: string,
  options: ProbeOptions,
): Promise<ProbeOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-probe-'));
  try {
    const image = join(folder, 'probe.raw');
    writeFileSync(image, probeBootSector());
    giveToBuildUser(options.user, folder);
    giveToBuildUser(options.user, image);
    return await watch(probeArgv(accelerator, cpuModel, image, options), options.signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function probeArgv(
  accelerator: string,
  cpuModel: string,
  image: string,
  options: ProbeOptions,
): readonly string[] {
  return asBuildUser(options.user, [
    ...[options.qemu, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'pc', '-accel', accelerator, '-cpu', cpuModel, '-m', '32'],
    ...['-drive', `file=${image.replaceAll(',', ',,')},format=raw,if=ide`],
    ...['-device', `isa-debug-exit,iobase=${PROBE_EXIT_PORT},iosize=4`],
    ...['-serial', 'stdio'],
  ]);
}

async function watch(argv: readonly string[], signal: AbortSignal): Promise<ProbeOutcome> {
  const enough = new AbortController();
  let serial = '';
  let complaints = '';
  try {
    const { exitCode } = await runCommand(argv, {
      signal: AbortSignal.any([signal, enough.signal]),
      timeoutMs: PROBE_LIMIT_MS,
      okExitCodes: Array.from({ length: 256 }, (_, code) => code),
      onOutput: (stream, chunk) => {
        if (stream === 'out') serial += chunk.toString('latin1');
        else complaints += chunk.toString('utf8');
        if (KVM_DEAD.test(complaints)) enough.abort();
      },
    });
    return judgeProbe({ exitCode, serial, complaints });
  } catch (error) {
    if (signal.aborted) throw error;
    if (isGoldsmithError(error, 'Cancelled', 'CommandFailed')) {
      if (error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT') {
        throw new GoldsmithError('HostNotReady', 'QEMU or setpriv could not be started', { cause: error });
      }
      return judgeProbe({ exitCode: undefined, serial, complaints });
    }
    throw error;
  }
}

/** What one run of the probe means. `exitCode` is undefined when it had to be ended. Pure. */
export function judgeProbe(seen: {
  readonly exitCode: number | undefined;
  readonly serial: string;
  readonly complaints: string;
}): ProbeOutcome {
  if (seen.exitCode === PROBE_PASSED_EXIT && seen.serial.includes(PROBE_MARKER)) {
    return { passed: true, because: 'a probe guest ran to its end' };
  }
  const dead = KVM_DEAD.exec(seen.complaints)?.[0];
  if (dead !== undefined) {
    return { passed: false, because: `a probe guest died at once: ${dead.trim().replace(/\.$/, '')}` };
  }
  if (seen.exitCode === PROBE_FAILED_EXIT) {
    return { passed: false, because: 'the guest CPU cannot do a locked 16-byte compare-exchange' };
  }
  if (seen.exitCode === undefined) {
    return { passed: false, because: `a probe guest did not end within ${PROBE_LIMIT_MS / 1000} seconds` };
  }
  const lastWords = seen.complaints.trim().split('\n').at(-1) ?? '';
  return { passed: false, because: `QEMU ended with code ${seen.exitCode}: ${lastWords || 'no message'}` };
}
