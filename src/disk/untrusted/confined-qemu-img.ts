/**
 * qemu-img on a file that nobody vouches for: as the build user, with no network where the kernel allows
 * that, under limits on time, memory and file size, and reading the upload only through a stream that we
 * serve. The program needs no right to the upload's path.
 */
import { Duplex } from 'node:stream';
import { asBuildUser, type BuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';
import { GIB } from '../../model/sizes.ts';
import { serveNbd, type ByteSource } from './nbd-export.ts';

export interface ConfinedRun {
  readonly buildUser: BuildUser;
  readonly source: ByteSource;
  /** Open for writing; the program sees it as `/proc/self/fd/4`. */
  readonly outputFd?: number;
  /** The program can make no file longer than this. */
  readonly maxFileBytes: number;
  /** Wall-clock limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onStdout?: (text: string) => void;
}

/** Below this a VHDX cannot be opened at all. */
const ADDRESS_SPACE_BYTES = 2 * GIB;

/** The block node through which the program reads the served bytes. */
export const servedNode = { driver: 'nbd', server: { type: 'fd', str: '3' } } as const;

/** The name of the output file for the program. */
export const OUTPUT_NAME = '/proc/self/fd/4';

/**
 * Runs `qemu-img` with `args` and returns its standard output.
 * @throws what reading `source` threw, else GoldsmithError `CommandFailed` or `Cancelled`.
 */
export async function runConfinedQemuImg(args: readonly string[], run: ConfinedRun): Promise<string> {
  const cpuSeconds = Math.ceil(run.timeoutMs / 1000) * 2; // more than one thread may work
  const limited = [
    'prlimit',
    `--cpu=${cpuSeconds}`,
    `--as=${ADDRESS_SPACE_BYTES}`,
    `--fsize=${run.maxFileBytes}`,
    '--nofile=64',
    '--core=0',
    'setpriv',
    '--no-new-privs',
    'qemu-img',
    ...args,
  ];
  const argv = [...(await withoutNetwork(run)), ...asBuildUser(run.buildUser, limited)];
  let serving: Promise<unknown> = Promise.resolve();
  const command = runCommand(argv, {
    signal: run.signal,
    timeoutMs: run.timeoutMs,
    maxOutputBytes: 1024 * 1024,
    cwd: '/',
    extraFds: run.outputFd === undefined ? ['pipe'] : ['pipe', run.outputFd],
    onStarted: (child) => {
      const stream: unknown = child.stdio[3];
      if (stream instanceof Duplex) {
        serving = serveNbd(stream, run.source).then(
          () => undefined,
          (error: unknown) => error,
        );
      }
    },
    onOutput: (stream, chunk) => {
      if (stream === 'out') run.onStdout?.(chunk.toString('latin1'));
    },
  });
  const [outcome] = await Promise.allSettled([command]);
  const readError = await serving;
  if (readError !== undefined && !run.signal.aborted) throw readError;
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value.stdout;
}

/**
 * The prefix that takes the network away, or nothing where namespaces are forbidden: the input is then
 * still only our stream, as every image that names something else has been refused before.
 */
async function withoutNetwork(run: ConfinedRun): Promise<readonly string[]> {
  const prefix = run.buildUser.dropsPrivileges
    ? ['unshare', '--net', '--']
    : ['unshare', '--map-current-user', '--net', '--'];
  const anyExitCode = Array.from({ length: 256 }, (_, code) => code);
  const probe = await runCommand([...prefix, 'true'], { signal: run.signal, okExitCodes: anyExitCode });
  return probe.exitCode === 0 ? prefix : [];
}
