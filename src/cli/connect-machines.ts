/** The `Machines` port: images booted for a person, and machines that failed builds kept. */
import { DEFAULT_BOOT_TIMEOUT_MS } from '../build/build-options.ts';
import { thawMachine } from '../build/kept-machine.ts';
import { describeMachine, type MachineDescription } from '../build/machine-description.ts';
import { runFolder } from '../build/run-folder.ts';
import { openScratchFolder, type ScratchFolder } from '../build/scratch-folder.ts';
import { startGuest, type StartedGuest } from '../build/start-guest.ts';
import type { GuestShell } from '../guest/guest-shell.ts';
import type { Home } from '../host/home.ts';
import { readHostResources } from '../host/resources.ts';
import type { BuildEventSink } from '../model/run.ts';
import { GIB } from '../model/sizes.ts';
import { bootTitle, openBootDisk, type BootDisk } from './boot-disk.ts';
import { openBuildHost, type OpenBuildHost } from './connect-build-host.ts';
import type { BootRequest, Machine, Machines } from './ports.ts';
import { openCheckpointSession } from './open-checkpoint.ts';
import { runStep } from './run-step.ts';

/** Enough for a server image; QEMU takes what the guest touches, not all of it. */
const DEFAULT_MEMORY_BYTES = 2 * GIB;
const DEFAULT_CPUS = 2;
const VM_SIZE = 'Standard_D2ds_v4';
const LOGIN_HINT =
  'Look at its serial console with --console. A disk file that is not made for Azure may need --provisioning nocloud.';

export function connectMachines(home: () => Home): Machines {
  return {
    boot: async (request, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const started = await boot(owned, home(), request, sink, signal);
      const shell = await runStep(sink, 'login', 'Wait for the login', signal, async (report) => {
        const stop = started.vm.console.onLine((line) => report.output(line));
        try {
          return await started.logIn({ timeoutMs: DEFAULT_BOOT_TIMEOUT_MS, hint: LOGIN_HINT }, signal);
        } finally {
          stop();
        }
      });
      owned.use(shell);
      const stack = owned.move();
      return {
        ...machineOf(bootTitle(request.image), shell),
        dial: async (port, caller) => started.dial(port, caller),
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
    bootConsole: async (request, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const started = await boot(owned, home(), request, sink, signal);
      const stack = owned.move();
      return {
        title: bootTitle(request.image),
        console: started.vm.console.stream,
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
    openKept: async (runId, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const { host, scratch } = await open(owned, home(), sink, signal);
      const session = await runStep(sink, 'thaw', 'Wake the kept machine', signal, async () =>
        thawMachine(
          {
            folder: runFolder(host.home, runId),
            hypervisor: host.createHypervisor(scratch.onProcess),
            user: host.user,
            workDir: scratch.workDir,
          },
          signal,
        ),
      );
      owned.use(session);
      const stack = owned.move();
      return {
        ...machineOf(`the build VM of run ${runId}`, session.shell),
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
    openCheckpoint: async (request, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const { host, scratch } = await open(owned, home(), sink, signal);
      const session = owned.use(await openCheckpointSession(request, { host, scratch, sink, signal }));
      const stack = owned.move();
      return {
        ...machineOf(`the build VM of ${request.templateName}`, session.shell),
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
  };
}

/** What a machine needs of this host, owned by the caller's stack. */
async function open(
  owned: AsyncDisposableStack,
  home: Home,
  sink: BuildEventSink,
  signal: AbortSignal,
): Promise<{ host: OpenBuildHost; scratch: ScratchFolder }> {
  const host = owned.use(
    await runStep(sink, 'host', 'Check this machine', signal, async () => openBuildHost(home, signal)),
  );
  return { host, scratch: owned.use(openScratchFolder(home, host.user)) };
}

async function boot(
  owned: AsyncDisposableStack,
  home: Home,
  request: BootRequest,
  sink: BuildEventSink,
  signal: AbortSignal,
): Promise<StartedGuest> {
  const { host, scratch } = await open(owned, home, sink, signal);
  const { store, user } = host;
  const { workDir } = scratch;
  const title = bootTitle(request.image);
  const source = await runStep(sink, 'disk', `Prepare ${title}`, signal, async (report) =>
    openBootDisk(request, { store, user, workDir, report, signal }),
  );
  return owned.use(
    await runStep(sink, 'start', `Start a new VM from ${title}`, signal, async () =>
      startGuest(
        {
          ...{ user, workDir, disk: source.disk },
          machine: shapeOf(host, source, request),
          hypervisor: host.createHypervisor(scratch.onProcess),
          location: 'local',
          isolated: !request.network,
        },
        signal,
      ),
    ),
  );
}

function shapeOf(host: OpenBuildHost, source: BootDisk, request: BootRequest): MachineDescription {
  const { generation, provisioning } = source;
  const { accelerator, cpuModel, home } = host;
  return describeMachine('boot', {
    ...{ generation, provisioning, accelerator, cpuModel },
    vmSize: VM_SIZE,
    cpus: request.cpus ?? Math.min(DEFAULT_CPUS, readHostResources(home.root).cpus),
    memoryBytes: request.memoryBytes ?? DEFAULT_MEMORY_BYTES,
  });
}

function machineOf(title: string, shell: GuestShell): Omit<Machine, keyof AsyncDisposable> {
  return {
    title,
    openShell: async (size, term) => shell.openTerminal(size, term),
    run: async (command, onOutput, signal) => (await shell.exec(command, { onOutput, signal })).exitCode,
  };
}
