/**
 * Decides how guests run on this machine: hardware virtualisation (KVM) or emulation (TCG). `/dev/kvm` is never
 * believed: it may open and still kill every guest while QEMU stays up, so a tiny guest has to survive first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { GoldsmithError } from '../../model/errors.ts';
import { readJsonIfExists, writeFileAtomic } from '../atomic-file.ts';
import type { BuildUser } from '../build-user.ts';
import { runCommand } from '../command.ts';
import { findProgram, fileIdentity } from '../program-path.ts';
import type { Home } from '../home.ts';
import { kvmDevice, kvmDeviceGroup, mayUse, type Identity } from './kvm-device.ts';
import { runProbe, type ProbeOutcome } from './probe-run.ts';

export const QEMU_PROGRAM = 'qemu-system-x86_64';

/** The host's own CPU: the fastest, and only KVM can do it. */
const KVM_CPU_MODEL = 'host';
/**
 * Under emulation every CPU feature costs time in each guest kernel (a Debian boot takes a fifth longer with
 * `max`). This is qemu64 raised to x86-64-v2, which current enterprise distributions ask for.
 */
const TCG_CPU_MODEL = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt';

const verdictSchema = z.object({
  accelerator: z.enum(['kvm', 'tcg']),
  because: z.string(),
  hint: z.string().exactOptional(),
  qemuVersion: z.string(),
  cpuModel: z.string(),
  probedAtMs: z.number(),
});

/** How guests run here, and why. */
export interface AcceleratorVerdict {
  readonly accelerator: 'kvm' | 'tcg';
  /** One sentence for people, without a full stop. */
  readonly because: string;
  /** What would make it better, when something would. */
  readonly hint?: string;
  /** For example `7.2.22`. */
  readonly qemuVersion: string;
  /** Value for QEMU's `-cpu`. */
  readonly cpuModel: string;
  /** Milliseconds since 1970 of the probe, not of the reading from the cache. */
  readonly probedAtMs: number;
}

export interface AcceleratorOptions {
  readonly home: Home;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
  /** Probe again even when a verdict is cached. */
  readonly fresh?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: () => number;
}

/**
 * The accelerator to use. The verdict is cached until the machine restarts, QEMU changes, or /dev/kvm or the user
 * changes. `GOLDSMITH_ACCELERATOR=kvm|tcg` overrides it without a probe.
 * @throws GoldsmithError `HostNotReady` when QEMU is missing or cannot run even an emulated guest, `BadUsage` for
 *   another value of the variable, `Cancelled`.
 */
export async function chooseAccelerator(options: AcceleratorOptions): Promise<AcceleratorVerdict> {
  const qemu = findProgram(QEMU_PROGRAM);
  if (qemu === undefined) {
    throw new GoldsmithError('HostNotReady', `${QEMU_PROGRAM} is not installed`, {
      hint: 'Run `./goldsmith doctor --install`.',
    });
  }
  const key = cacheKey(qemu, options.user);
  const cachePath = join(options.home.cache, 'accelerator.json');
  const forced = forcedAccelerator(options.env ?? process.env);
  const cached = options.fresh === true ? undefined : readCached(cachePath, key);
  if (cached !== undefined && forced === undefined) return cached;
  const qemuVersion = cached?.qemuVersion ?? (await readQemuVersion(qemu, options.signal));
  const probedAtMs = (options.now ?? Date.now)();
  if (forced !== undefined) {
    const because = `GOLDSMITH_ACCELERATOR=${forced} is set`;
    return { accelerator: forced, because, qemuVersion, cpuModel: cpuModelFor(forced), probedAtMs };
  }
  const verdict = { ...(await probe(qemu, options)), qemuVersion, probedAtMs };
  writeFileAtomic(cachePath, `${JSON.stringify({ key, verdict }, undefined, 2)}\n`);
  return verdict;
}

async function probe(
  qemu: string,
  { user, signal }: AcceleratorOptions,
): Promise<Pick<AcceleratorVerdict, 'accelerator' | 'because' | 'hint' | 'cpuModel'>> {
  const device = kvmDevice();
  const who = identityOf(user);
  const tryKvm = device !== undefined && mayUse(device, who);
  const failed: ProbeOutcome = { passed: false, because: '' };
  const [tcg, kvm] = await Promise.all([
    runProbe('tcg', TCG_CPU_MODEL, { qemu, user, signal }),
    tryKvm ? runProbe('kvm', KVM_CPU_MODEL, { qemu, user, signal }) : failed,
  ]);
  if (kvm.passed) return { accelerator: 'kvm', because: `with KVM ${kvm.because}`, cpuModel: KVM_CPU_MODEL };
  if (!tcg.passed) {
    throw new GoldsmithError('HostNotReady', `QEMU cannot run a guest here, even emulated: ${tcg.because}`);
  }
  const slow = { accelerator: 'tcg', cpuModel: TCG_CPU_MODEL } as const;
  if (device === undefined) {
    return {
      ...slow,
      because: 'this machine has no /dev/kvm',
      hint: 'Turn on virtualisation in the firmware (or nested virtualisation for a VM) and load kvm_intel or kvm_amd.',
    };
  }
  if (!tryKvm) {
    return {
      ...slow,
      because: `user ${user.name} may not open ${device.path} (mode 0${device.mode.toString(8)}, owner ${device.uid}:${device.gid})`,
      hint:
        kvmDeviceGroup(device).length === 0
          ? `Give the device to the group kvm: chgrp kvm ${device.path} && chmod 0660 ${device.path}`
          : 'Add the user to the group kvm and log in again: sudo usermod -aG kvm "$USER"',
    };
  }
  return { ...slow, because: `${device.path} opens, but ${kvm.because}` };
}

/** Reads the version out of `qemu-system-x86_64 --version`, for example `7.2.22`. */
export async function readQemuVersion(qemu: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await runCommand([qemu, '--version'], { signal, timeoutMs: 20_000 });
  return /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? 'unknown';
}

function cpuModelFor(accelerator: 'kvm' | 'tcg'): string {
  return accelerator === 'kvm' ? KVM_CPU_MODEL : TCG_CPU_MODEL;
}

function forcedAccelerator(env: Readonly<Record<string, string | undefined>>): 'kvm' | 'tcg' | undefined {
  const value = env['GOLDSMITH_ACCELERATOR'];
  if (value === undefined || value === '') return undefined;
  if (value === 'kvm' || value === 'tcg') return value;
  throw new GoldsmithError('BadUsage', `GOLDSMITH_ACCELERATOR is "${value}"; it must be kvm or tcg`);
}

function identityOf(user: BuildUser): Identity {
  if (user.dropsPrivileges) return { uid: user.uid, groups: [user.gid, ...(user.groups ?? [])] };
  return { uid: user.uid, groups: [user.gid, ...(process.getgroups?.() ?? [])] };
}

function cacheKey(qemu: string, user: BuildUser): string {
  const who = identityOf(user);
  return [
    readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    fileIdentity(qemu),
    kvmDevice()?.identity ?? 'no-kvm',
    `${who.uid}:${who.groups.join(',')}`,
    `${KVM_CPU_MODEL};${TCG_CPU_MODEL}`,
  ].join('|');
}

function readCached(path: string, key: string): AcceleratorVerdict | undefined {
  try {
    const parsed = z
      .object({ key: z.literal(key), verdict: verdictSchema })
      .safeParse(readJsonIfExists(path));
    return parsed.data?.verdict;
  } catch {
    return undefined; // a damaged cache is a missing cache
  }
}
